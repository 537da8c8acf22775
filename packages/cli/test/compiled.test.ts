import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compiledFolder as ofBroker } from "../../broker/src/compiled.ts";
import { compiledFolder as ofGateway } from "../../gateway/src/compiled.ts";
import { compiledFolder as ofCommandLine } from "../src/compiled.ts";
import { ourEnvironment } from "../src/supervise.ts";

test("[start.compiled-own-folder] compiled code is kept in this user's own folder, by all three programs", (t) => {
  for (const compiledFolder of [ofBroker, ofGateway, ofCommandLine]) {
    assert.equal(compiledFolder({}), join(homedir(), ".cache", "remit", "compiled"));
    assert.equal(compiledFolder({ XDG_CACHE_HOME: "/cache" }), join("/cache", "remit", "compiled"));
    assert.equal(compiledFolder({ XDG_CACHE_HOME: "/cache", NODE_COMPILE_CACHE: "/own" }), "/own");
  }
  const folder = mkdtempSync(join(tmpdir(), "remit-compiled-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["broker", "gateway", "cli"]) {
    const cache = join(folder, name);
    const main = fileURLToPath(new URL(`../../${name}/src/main.ts`, import.meta.url));
    const { NODE_COMPILE_CACHE: _dropped, ...env } = process.env;
    const { status } = spawnSync(process.execPath, ["--conditions=@remit/source", main, "--help"], {
      env: { ...env, XDG_CACHE_HOME: cache, TMPDIR: folder },
    });
    assert.equal(status, 0, name);
    const [version = ""] = readdirSync(join(cache, "remit", "compiled"));
    assert.notEqual(readdirSync(join(cache, "remit", "compiled", version)).length, 0, name);
    if (process.platform !== "win32")
      assert.equal(statSync(join(cache, "remit", "compiled")).mode & 0o022, 0, "others write nothing there");
  }
  assert.deepEqual(readdirSync(folder).sort(), ["broker", "cli", "gateway"], "nothing is kept in the machine's folder");
});

test("[start.clean-environment] programs that we start get no options of somebody's and find compiled code from their first module on", () => {
  assert.deepEqual(ourEnvironment({ NODE_OPTIONS: "--inspect", XDG_CACHE_HOME: "/cache", HOME: "/home" }), {
    XDG_CACHE_HOME: "/cache",
    HOME: "/home",
    NODE_COMPILE_CACHE: join("/cache", "remit", "compiled"),
  });
});
