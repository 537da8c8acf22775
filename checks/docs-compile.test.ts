import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { read, repositoryFiles, ROOT } from "./lib/files.ts";

test("[repository.docs-compile] every TypeScript example in the docs compiles", () => {
  const pages = repositoryFiles().filter((file) => file.endsWith(".md"));
  assert.notEqual(pages.length, 0);
  const examples = pages.flatMap((page) =>
    [...read(page).matchAll(/^```ts\n([^]*?)^```/gm)].map((match) => ({ page, text: match[1] ?? "" })),
  );
  const folder = join(ROOT, "node_modules", ".cache", "docs-examples");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [index, { text }] of examples.entries())
    writeFileSync(join(folder, `example-${index}.ts`), `${text}\nexport {};\n`);
  const config = join(folder, "tsconfig.json");
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
  writeFileSync(
    config,
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions, include: ["*.ts"], exclude: [] }),
  );
  writeFileSync(join(folder, "always.ts"), "export const compiled = true;\n");
  const ran = spawnSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", config, "--noEmit"], {
    encoding: "utf8",
  });
  assert.equal(
    ran.status,
    0,
    `${examples.map(({ page }, index) => `example-${index}: ${page}`).join("\n")}\n${ran.stdout}`,
  );
});
