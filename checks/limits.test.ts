import assert from "node:assert/strict";
import { test } from "node:test";
import { read, repositoryFiles } from "./lib/files.ts";

const sources = repositoryFiles().filter((file) =>
  /^(?:packages|examples|e2e|bench|checks|scripts)\/.*\.(?:ts|mjs)$/.test(file),
);

test("[repository.small-files] no file is longer than 300 lines", () => {
  assert.notEqual(sources.length, 0);
  const long = sources.filter((file) => read(file).split("\n").length > 301);
  assert.deepEqual(long, []);
});

test("[repository.nothing-left-over] nothing is marked as still to be done, skipped, or exempt from a rule", () => {
  const mark = new RegExp(
    [
      "\\bTO",
      "DO\\b|\\bFIX",
      "ME\\b|\\bXX",
      "X\\b|oxlint-dis",
      "able|@ts-ig",
      "nore|\\.sk",
      "ip\\(|\\.on",
      "ly\\(",
    ].join(""),
  );
  const marked = sources.flatMap((file) =>
    mark.test(read(file)) ? [`${file}: ${mark.exec(read(file))?.[0] ?? ""}`] : [],
  );
  assert.deepEqual(marked, []);
});
