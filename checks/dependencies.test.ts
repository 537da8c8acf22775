import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./lib/files.ts";

const PACKAGES = ["core", "sdk", "broker", "gateway", "cli", "testkit"];

test("[repository.dependencies-explained] every runtime dependency is explained, with its licence", () => {
  const rows = new Map(
    read("docs/dependencies.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map(([, name = "", , licence = ""]) => [name.replaceAll("`", ""), licence]),
  );
  assert.notEqual(rows.size, 0);
  for (const own of PACKAGES) {
    const { dependencies = {} } = JSON.parse(read(`packages/${own}/package.json`)) as {
      dependencies?: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      if (name.startsWith("@remit/")) continue;
      const { license } = JSON.parse(read(`node_modules/${name}/package.json`)) as { license: string };
      assert.equal(rows.get(name), license, `${name} of ${own}`);
    }
  }
});
