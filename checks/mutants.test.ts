import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./lib/files.ts";
import { equivalent } from "./mutants/equivalent.ts";
import { findMutants, READERS, titleOf } from "./mutants/find.ts";

test("[repository.readers-mutated] each check that may go unseen is in the source, once, and with a reason", () => {
  const found = findMutants(READERS);
  const titles = new Set(found.map(titleOf));
  assert.equal(titles.size, found.length);
  assert.ok(found.length > 600, `${found.length} checks`);
  const excused = equivalent.flatMap(({ checks }) => checks);
  assert.equal(new Set(excused).size, excused.length);
  assert.deepEqual(
    excused.filter((title) => !titles.has(title)),
    [],
  );
  for (const { why } of equivalent) assert.ok(why.length > 20, why);
});

test("[repository.readers-mutated] a part of a file's name that no reader has is said to be wrong, with and without npm before it", () => {
  for (const args of [["readers"], ["--", "readers"]]) {
    const task = join(ROOT, "scripts", "tasks.ts");
    const { NODE_TEST_CONTEXT: _dropped, ...env } = process.env;
    const ran = spawnSync(process.execPath, [...process.execArgv, task, "mutate", ...args, "no-such-reader"], {
      encoding: "utf8",
      env,
    });
    assert.equal(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, /no reader has `no-such-reader` in its file's name/);
  }
});
