import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { read, ROOT } from "./lib/files.ts";

/** A block of the README: what it is marked as, and its lines. */
const blocks = [...read("README.md").matchAll(/^```sh([^\n]*)\n([^]*?)^```/gm)].map((match) => ({
  mark: (match[1] ?? "").trim(),
  text: match[2] ?? "",
}));

/** Commands that this very run proves, so that running them again would only go round in circles. */
const PROVEN_HERE = ["npm test", "npm run bench"];

test("[repository.readme-runs] every command of the README runs as it stands there", () => {
  assert.notEqual(blocks.length, 0);
  const home = mkdtempSync(join(tmpdir(), "remit-readme-"));
  try {
    for (const { mark, text } of blocks) {
      if (mark !== "") {
        assert.match(mark, /^no-run \S/, "a block that is not run says why");
        continue;
      }
      const script = text
        .split("\n")
        .filter((line) => !PROVEN_HERE.includes(line.replace(/\s+#.*$/, "").trim()))
        .join("\n");
      const env = { PATH: process.env["PATH"] ?? "", HOME: home };
      const ran = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
        cwd: ROOT,
        env,
        encoding: "utf8",
        timeout: 240_000,
      });
      assert.equal(ran.status, 0, `${text}\n${ran.stdout.slice(-2_000)}\n${ran.stderr.slice(-2_000)}`);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
