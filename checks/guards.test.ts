import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { guards } from "./guards/read.ts";
import { read, ROOT } from "./lib/files.ts";

test("[repository.guards-listed] every listed guard names one place in the source and a test that cites its promise", () => {
  assert.notEqual(guards.length, 0);
  const wrong = guards.flatMap(({ guard, file, find, replace, test: testFile, name }) => {
    const times = read(file).split(find).length - 1;
    return [
      ...(times === 1 ? [] : [`${guard}: found ${times} times in ${file}`]),
      ...(find === replace ? [`${guard}: the edit changes nothing`] : []),
      ...(read(testFile).includes(name) ? [] : [`${guard}: ${name} is not in ${testFile}`]),
    ];
  });
  assert.deepEqual(wrong, []);
});

test("[repository.guards-chosen] a part of a name that no guard has is said to be wrong, with and without npm before it", () => {
  for (const args of [["guards"], ["--", "guards"]]) {
    const task = join(ROOT, "scripts", "tasks.ts");
    const { NODE_TEST_CONTEXT: _dropped, ...env } = process.env;
    const ran = spawnSync(process.execPath, [...process.execArgv, task, "mutate", ...args, "no-such-guard"], {
      encoding: "utf8",
      env,
    });
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, /no guard has `no-such-guard` in its name or file/);
    assert.equal(ran.stdout, "");
  }
});
