import assert from "node:assert/strict";
import { test } from "node:test";
import { isHandle } from "@remit/core";
import { read, repositoryFiles } from "./lib/files.ts";

const SHAPES: readonly RegExp[] = [
  /ATATT3[A-Za-z0-9_=-]{20,}/,
  /gh[pousr]_[A-Za-z0-9]{36}/,
  /github_pat_[A-Za-z0-9_]{50,}/,
  /sk_live_[A-Za-z0-9]{16,}/,
  /xox[abpr]-[A-Za-z0-9-]{20,}/,
  /AKIA[A-Z0-9]{16}/,
  /-----BEGIN (?:EC |RSA |OPENSSH )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{60,}/,
];

const files = repositoryFiles().filter((file) => !/\.(?:png|lock)$/.test(file) && file !== "package-lock.json");

test("[repository.no-secrets] no file holds anything shaped like a secret", () => {
  assert.notEqual(files.length, 0);
  const found = files.flatMap((file) => {
    const text = read(file);
    const handles = [...text.matchAll(/rmt_(?:at|rt|ses|run|boot|start)_[0-9A-Za-z]{49}/g)].filter(
      ([handle]) =>
        /^rmt_[a-z]+_/.exec(handle)?.[0] !== undefined &&
        isHandle(/^rmt_[a-z]+_/.exec(handle)?.[0] as "rmt_at_", handle),
    );
    const shaped = SHAPES.filter((shape) => shape.test(text)).map(String);
    return [...handles.map(() => `${file}: a handle`), ...shaped.map((shape) => `${file}: ${shape}`)];
  });
  assert.deepEqual(found, []);
});

test("[repository.no-machine-paths] no file names a folder of somebody's machine", () => {
  const found = files.filter(
    (file) => !file.startsWith("checks/") && /(?:^|[\s"'`(=])\/(?:work|root|home)\/[A-Za-z]/m.test(read(file)),
  );
  assert.deepEqual(found, []);
});
