import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "../../testkit/src/until.ts";

test("[cli.up-stops-early] `remit up` that is told to stop before it is ready leaves no program behind", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "remit-up-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "config");
  mkdirSync(config);
  writeFileSync(join(config, "remit.yaml"), "remit: 1\n");
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const args = ["up", "--data", join(folder, "data"), "--config", config, "--port", "0"];
  const up = spawn(
    process.execPath,
    ["--conditions=@remit/source", main, ...args, "--gateway-port", "0", "--points-port", "0"],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, REMIT_HOME: join(folder, "home") }, detached: true },
  );
  const { pid } = up;
  assert.ok(pid !== undefined);
  const said = { out: "", err: "" };
  up.stdout.on("data", (chunk: Buffer) => (said.out += chunk.toString()));
  const closed = once(up, "close");
  up.stderr.on("data", (chunk: Buffer) => (said.err += chunk.toString()));
  await until("the broker is on its way", () => existsSync(join(folder, "data", "broker", "lock")));
  up.kill("SIGTERM");
  // its programs have its stderr, so it closes only when the last of them has ended
  const limit = new AbortController();
  const over = await Promise.race([
    closed.then(() => "closed"),
    delay(20_000, "somebody is left", { signal: limit.signal }),
  ]);
  limit.abort();
  if (over !== "closed") process.kill(-pid, "SIGKILL");
  assert.equal(over, "closed");
  assert.equal(up.exitCode, 0, said.err);
  assert.equal(said.out, "", "it was not ready");
});
