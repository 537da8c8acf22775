import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { read, repositoryFiles } from "./lib/files.ts";

interface Promised {
  readonly id: string;
  readonly text: string;
}

const files = repositoryFiles();
const manifests = files.filter((file) => /^checks\/requirements\/.*\.yaml$/.test(file));
const promises = manifests.flatMap((file) =>
  (parse(read(file)) as readonly Promised[]).map((entry) => ({ ...entry, file })),
);
const tests = files.filter((file) => /\.test\.ts$|\.contract\.ts$|test\/support\//.test(file));
const cited = new Map<string, string>();
for (const file of tests)
  for (const match of read(file).matchAll(/["'`]\[([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)\]/g))
    cited.set(match[1] ?? "", file);

test("[repository.promises-tested] every promise of the manifest has a test that cites it", () => {
  assert.notEqual(promises.length, 0);
  assert.deepEqual(
    promises.filter(({ id }) => !cited.has(id)).map(({ id, file }) => `${id} (${file})`),
    [],
  );
});

test("[repository.citations-exist] every promise that a test cites is in the manifest, once", () => {
  const ids = promises.map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
  assert.deepEqual(
    [...cited].filter(([id]) => !ids.includes(id)).map(([id, file]) => `${id} (${file})`),
    [],
  );
});
