import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

test("[story.as-told] the whole story goes as told, and no refusal reaches the upstream", async () => {
  const demo = join(import.meta.dirname, "..", "examples", "ticket", "src", "demo.ts");
  const { stdout } = await run(process.execPath, [...process.execArgv, "--conditions=@remit/source", demo, "--json"], {
    timeout: 120_000,
  });
  const steps = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: string; code: string; upstream: number });
  assert.equal(steps.length, 28);
  assert.deepEqual(
    steps.filter(({ code, upstream }) => code !== "ok" && upstream !== 0),
    [],
  );
});
