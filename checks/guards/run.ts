import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stripTypeScriptTypes } from "node:module";
import { read, repositoryFiles, ROOT } from "../lib/files.ts";
import { type Guard, guards } from "./read.ts";

// Takes each guard away in a copy of the repository and sees its test go red. `npm run mutate -- guards [part of a name]`.

/** A copy with its own links between the packages, so that no test runs against the unchanged source. */
function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), "remit-guards-"));
  for (const file of repositoryFiles()) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  const modules = join(copy, "node_modules");
  mkdirSync(join(modules, "@remit"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "@remit" && name !== ".cache") symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of readdirSync(join(copy, "packages")))
    symlinkSync(join(copy, "packages", name), join(modules, "@remit", name));
  return copy;
}

type Outcome = "red" | "green" | "broken";

async function tryGuard(copy: string, guard: Guard): Promise<Outcome> {
  const original = read(guard.file);
  const edited = original.replace(guard.find, () => guard.replace);
  try {
    stripTypeScriptTypes(edited);
  } catch {
    // an edit that does not even parse proves nothing about the test
    return "broken";
  }
  writeFileSync(join(copy, guard.file), edited);
  const pattern = guard.name.replaceAll(/[[\].]/g, "\\$&");
  const args = [
    "--conditions=@remit/source",
    "--test",
    "--test-timeout=60000",
    `--test-name-pattern=${pattern}`,
    guard.test,
  ];
  const { NODE_TEST_CONTEXT: _dropped, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: copy, stdio: ["ignore", "pipe", "ignore"], env });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, "close");
  writeFileSync(join(copy, guard.file), original);
  const ran = Number(/tests (\d+)/.exec(output)?.[1] ?? "0");
  if (ran === 0) return "broken";
  return code === 0 ? "green" : "red";
}

const wanted = process.argv[2];
const chosen = guards.filter(
  ({ guard, file }) => wanted === undefined || guard.includes(wanted) || file.includes(wanted),
);
if (chosen.length === 0) {
  console.error(`no guard has \`${wanted ?? ""}\` in its name or file`);
  process.exit(2);
}
const queue = [...chosen];
const counts = { red: 0, green: 0, broken: 0 };

async function work(): Promise<void> {
  const copy = makeCopy();
  try {
    for (let guard = queue.shift(); guard !== undefined; guard = queue.shift()) {
      const outcome = await tryGuard(copy, guard);
      counts[outcome] += 1;
      console.log(`${outcome.padEnd(6)} ${guard.name} ${guard.guard}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

await Promise.all([work(), work()]);
console.log(`${chosen.length} guards, ${counts.red} red`);
process.exitCode = counts.red === chosen.length ? 0 : 1;
