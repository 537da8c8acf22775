import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@remit/testkit";
import { build, PACKAGES } from "../scripts/build.ts";
import { read, ROOT } from "./lib/files.ts";

/** A folder as `npm install` of the packed packages makes it: what they publish, and what they depend on. */
function install(folder: string): string {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@remit"), { recursive: true });
  assert.equal(
    build((name) => join(modules, "@remit", name, "dist")),
    0,
  );
  for (const name of PACKAGES) {
    const { files } = JSON.parse(read(`packages/${name}/package.json`)) as { files: readonly string[] };
    const [built, ...asTheyAre] = files;
    assert.equal(built, "dist", "what is published is what was built");
    assert.deepEqual(asTheyAre, name === "core" ? ["schema"] : [], "and the schema of the connector file");
    for (const file of ["package.json", ...asTheyAre])
      cpSync(join(ROOT, "packages", name, file), join(modules, "@remit", name, file), { recursive: true });
  }
  for (const name of readdirSync(join(ROOT, "node_modules")))
    if (name !== "@remit" && !name.startsWith(".")) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  return modules;
}

test("[repository.build-runs] what is published starts a broker and a gateway on plain Node", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remit-built-"));
  let stop = (): unknown => undefined;
  try {
    const cli = join(install(folder), "@remit", "cli");
    const { bin } = JSON.parse(read("packages/cli/package.json")) as { bin: { remit: string } };
    const { NODE_OPTIONS: _dropped, ...inherited } = process.env;
    const env = { ...inherited, REMIT_HOME: join(folder, "home"), REMIT_DATA: join(folder, "data") };
    const [main, config] = [join(cli, bin.remit), join(folder, "remit")];
    const run = (...args: readonly string[]): { status: number | null; stdout: string } =>
      spawnSync(process.execPath, [main, ...args], { cwd: folder, env, encoding: "utf8" });
    assert.match(run("--help").stdout, /^Usage: remit /);
    assert.equal(run("init", "--idp", "https://login.example", "--config", config).status, 0);
    assert.equal(run("check", "--config", config).status, 0);
    assert.match(run("connector", "lint", "jira", "--json").stdout, /"findings":\[/);
    const up = spawn(process.execPath, [main, "up", "--config", config, "--port", "0", "--json"], {
      ...{ cwd: folder, env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = once(up, "exit");
    stop = () => up.kill("SIGTERM");
    const first = await Promise.race([once(up.stdout, "data"), exited.then(() => undefined)]);
    assert.match(String(first), /"gateway":"http:/);
    // the gateway serves as soon as it was heard by the broker, which on a busy machine is after its ready line
    await until("both are ready", () => run("status").status === 0);
    stop();
    assert.deepEqual(await exited, [0, null]);
  } finally {
    // a start that outlives a failed test would keep the whole run waiting
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
