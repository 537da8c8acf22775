import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

/** What each npm script does, run by the project's own Node. */
const root = join(import.meta.dirname, "..");
const conditions = "--conditions=@remit/source";
const modules = (file: string): string => join(root, "node_modules", file);

function node(...args: readonly string[]): number {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (done.error !== undefined) throw done.error;
  return done.status ?? 1;
}

function test(patterns: readonly string[], filters: readonly string[]): number {
  const files = patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((file) => !file.includes("node_modules"))
    .sort();
  const chosen = filters.length === 0 ? files : files.filter((file) => filters.some((filter) => file.includes(filter)));
  if (chosen.length === 0) {
    console.error(`no test file matches ${filters.join(" ")}`);
    return 1;
  }
  return node(conditions, "--test", "--test-reporter=spec", "--test-concurrency=2", "--test-timeout=300000", ...chosen);
}

const UNIT = ["packages/*/test/**/*.test.ts", "checks/*.test.ts", "examples/*/test/**/*.test.ts"];
const E2E = ["e2e/**/*.test.ts"];

const TASKS: Readonly<Record<string, (args: readonly string[]) => number>> = {
  demo: (args) => node(conditions, "examples/ticket/src/demo.ts", ...args),
  test: (args) => test([...UNIT, ...E2E], args),
  e2e: (args) => test(E2E, args),
  bench: (args) => node(conditions, "bench/bench.ts", ...args),
  lint: (args) => node(modules("oxlint/bin/oxlint"), "--type-aware", "--deny-warnings", ...args),
  typecheck: () => node(modules("typescript/bin/tsc"), "--noEmit", "-p", "tsconfig.json"),
  format: (args) =>
    node(
      modules("prettier/bin/prettier.cjs"),
      args.includes("--write") ? "--write" : "--check",
      "--log-level=warn",
      ".",
    ),
  build: () => build(),
  mutate: (args) => node(conditions, "checks/guards/run.ts", ...args.filter((arg) => arg !== "guards" && arg !== "--")),
  verify: () => {
    for (const name of ["format", "lint", "typecheck", "test"]) {
      const code = TASKS[name]?.([]) ?? 1;
      console.log(`${name}: ${code === 0 ? "ok" : "FAILED"}`);
      if (code !== 0) return code;
    }
    return 0;
  },
};

const [command = "", ...args] = process.argv.slice(2);
process.exitCode = TASKS[command]?.(args) ?? 2;
