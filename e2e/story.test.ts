import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

const demo = join(import.meta.dirname, "..", "examples", "ticket", "src", "demo.ts");

test("[story.as-told] the whole story goes as told, and no refusal reaches the upstream", async () => {
  const { stdout } = await run(process.execPath, [...process.execArgv, "--conditions=@remit/source", demo, "--json"], {
    timeout: 120_000,
  });
  const steps = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: string; code: string; upstream: number });
  assert.equal(steps.length, 31);
  assert.deepEqual(
    steps.filter(({ code, upstream }) => code !== "ok" && upstream !== 0),
    [],
  );
});

test("[story.stops-clean] a demo that is stopped in the middle leaves no folder", async () => {
  const TMPDIR = mkdtempSync(join(tmpdir(), "remit-stopped-"));
  try {
    const child = spawn(process.execPath, [...process.execArgv, "--conditions=@remit/source", demo], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TMPDIR },
    });
    const exit = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
      // the broker is held at this step, which must not keep it alive
      if (line.includes("stale after")) child.kill("SIGINT");
    }
    assert.deepEqual(await exit, [130, null]);
    assert.deepEqual(readdirSync(TMPDIR), []);
  } finally {
    rmSync(TMPDIR, { recursive: true, force: true });
  }
});
