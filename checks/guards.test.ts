import assert from "node:assert/strict";
import { test } from "node:test";
import { guards } from "./guards/read.ts";
import { read } from "./lib/files.ts";

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
