import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { parseConnectors } from "./connectors.ts";

/** What each npm script does, run by the project's own Node. */
const root = join(import.meta.dirname, "..");
const conditions = "--conditions=@remit/source";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const modules = (file: string): string => join(root, "node_modules", file);

/** Runs Node on a file to its end. A signal is passed on, and its end is waited for, so that nothing is left behind. */
async function node(...args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  const pass = (signal: NodeJS.Signals): boolean => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  const [code, signal] = await once(child, "exit");
  for (const one of SIGNALS) process.off(one, pass);
  return typeof code === "number" ? code : signal === "SIGINT" ? 130 : 1;
}

async function test(patterns: readonly string[], filters: readonly string[]): Promise<number> {
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

const TASKS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {
  demo: async (args) => node(conditions, "examples/ticket/src/demo.ts", ...args),
  test: async (args) => test([...UNIT, ...E2E], args),
  e2e: async (args) => test(E2E, args),
  bench: async (args) => node(conditions, "bench/bench.ts", ...args),
  lint: async (args) => node(modules("oxlint/bin/oxlint"), "--type-aware", "--deny-warnings", ...args),
  typecheck: async () => node(modules("typescript/bin/tsc"), "--noEmit", "-p", "tsconfig.json"),
  format: async (args) =>
    node(
      modules("prettier/bin/prettier.cjs"),
      args.includes("--write") ? "--write" : "--check",
      "--log-level=warn",
      ".",
    ),
  build: () => build(),
  connectors: () => parseConnectors(),
  mutate: async (args) => {
    const [what, ...filters] = args.filter((arg) => arg !== "--");
    return what === "readers"
      ? node(conditions, "checks/mutants/run.ts", ...filters)
      : node(conditions, "checks/guards/run.ts", ...(what === "guards" ? filters : args.filter((arg) => arg !== "--")));
  },
  verify: async () => {
    for (const name of ["format", "lint", "typecheck", "test"]) {
      const code = (await TASKS[name]?.([])) ?? 1;
      console.log(`${name}: ${code === 0 ? "ok" : "FAILED"}`);
      if (code !== 0) return code;
    }
    return 0;
  },
};

const [command = "", ...args] = process.argv.slice(2);
process.exitCode = (await TASKS[command]?.(args)) ?? 2;
