import assert from "node:assert/strict";
import { builtinModules } from "node:module";
import { test } from "node:test";
import { read, repositoryFiles } from "./lib/files.ts";

/** Who may import whom. Anything else fails. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  sdk: ["core"],
  broker: ["core"],
  gateway: ["core", "sdk"],
  cli: ["core", "sdk"],
  testkit: ["core", "sdk", "broker", "gateway", "cli"],
};

const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^;]*?from "([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import "([^"]+)"/g;

const sources = repositoryFiles().filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file));
const packageOf = (file: string): string => file.split("/")[1] ?? "";
const importsOf = (file: string): readonly string[] =>
  [...read(file).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");

test("[repository.layers] every package imports only what the architecture allows", () => {
  assert.notEqual(sources.length, 0);
  const wrong: string[] = [];
  for (const file of sources) {
    const own = packageOf(file);
    const manifest = JSON.parse(read(`packages/${own}/package.json`)) as { dependencies?: Record<string, string> };
    for (const name of importsOf(file)) {
      const remit = /^@remit\/([a-z]+)$/.exec(name)?.[1];
      const third = name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : (name.split("/")[0] ?? "");
      const builtin = name.startsWith("node:") || builtinModules.includes(name);
      if (
        remit !== undefined
          ? !MAY_IMPORT[own]?.includes(remit)
          : !name.startsWith(".") && !builtin && !(third in (manifest.dependencies ?? {}))
      )
        wrong.push(`${file} imports ${name}`);
      if (name.startsWith(".") && new URL(name, `file:///${file}`).pathname.split("/")[2] !== own)
        wrong.push(`${file} leaves its package with ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("[repository.core-is-pure] core has no I/O, clock, randomness or dependencies", () => {
  const core = sources.filter((file) => packageOf(file) === "core");
  assert.notEqual(core.length, 0);
  const wrong = core.flatMap((file) => {
    const code = read(file).replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
    const outside = importsOf(file).filter((name) => !name.startsWith("."));
    const ambient = /\b(?:Date\.now|new Date|Math\.random|process\.|fetch\(|performance\.|crypto\.|setTimeout)\b/.exec(
      code,
    )?.[0];
    return [
      ...outside.map((name) => `${file} imports ${name}`),
      ...(ambient === undefined ? [] : [`${file} uses ${ambient}`]),
    ];
  });
  assert.deepEqual(wrong, []);
  assert.equal(
    (JSON.parse(read("packages/core/package.json")) as { dependencies: object }).dependencies !== undefined &&
      Object.keys((JSON.parse(read("packages/core/package.json")) as { dependencies: object }).dependencies).length,
    0,
  );
});

test("[repository.source-condition] sibling packages resolve to their source, so no test runs against an old build", () => {
  for (const name of ["core", "sdk", "broker", "gateway", "cli", "testkit"])
    assert.match(import.meta.resolve(`@remit/${name}`), /\/src\/index\.ts$/);
});
