import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../lib/files.ts";
import { equivalent } from "./equivalent.ts";
import { findMutants, type Mutant, READERS, titleOf } from "./find.ts";

// Takes each single check of the readers and of the rebuild away, and sees a row of a must list or a test of core go
// red. `npm run mutate -- readers [part of a file's name]`.

const TESTS = [
  ...["call-forms", "query-filter", "read-order", "batch", "archive-node", "connector-language", "connector-wrapped"],
  ...["examples", "call-checks", "answer-checks"],
].map((name) => `packages/core/test/${name}.test.ts`);
/** Slower, and only about these. */
const OWN_TESTS: Readonly<Record<string, string>> = {
  "http-head": "packages/core/test/head-attack.test.ts",
  json: "packages/core/test/json-attack.test.ts",
  values: "packages/gateway/test/jira.test.ts",
  project: "packages/gateway/test/jira.test.ts",
};
const testsFor = ({ file: where }: Mutant): readonly string[] =>
  Object.entries(OWN_TESTS).flatMap(([part, own]) => (where.includes(`/${part}`) ? [own] : []));

const wanted = process.argv[2] ?? "";
const chosenFiles = READERS.filter((file) => file.includes(wanted));
if (chosenFiles.length === 0) {
  console.error(`no reader has \`${wanted}\` in its file's name`);
  process.exit(2);
}
const mutants = findMutants(chosenFiles);
const folder = mkdtempSync(join(tmpdir(), "remit-mutants-"));
const file = join(folder, "mutants.json");
writeFileSync(file, JSON.stringify(mutants));

const { NODE_TEST_CONTEXT: _dropped, ...outer } = process.env;
const env = { ...outer, REMIT_MUTANTS: file };
const execArgv = ["--conditions=@remit/source", `--import=${join(import.meta.dirname, "switched.ts")}`];
/** A mutant may turn a loop into one without an end. */
const LONGEST_MS = 60_000;

/** What a child says next; undefined where it ended, or had to be ended. */
async function said(child: ChildProcess): Promise<string | undefined> {
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  const answer = await new Promise<unknown>((resolve) => {
    const end = (what: unknown): void => {
      child.off("message", end).off("exit", gone);
      resolve(what);
    };
    const gone = (): void => end(undefined);
    child.on("message", end).on("exit", gone);
  });
  clearTimeout(timer);
  return typeof answer === "string" ? answer : undefined;
}

async function rowsChild(number: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "rows.ts"), { execArgv, env: { ...env, REMIT_MUTANT: number } });
  if ((await said(child)) === undefined) throw new Error("the rows cannot be read");
  return child;
}

/** Judges mutants after each other in one process; one that ends is begun anew, and so it is for what is read at a start. */
async function rowsFor(queue: Mutant[], seen: (mutant: Mutant, red: string) => void): Promise<void> {
  let child: ChildProcess | undefined;
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const number = mutants.indexOf(mutant);
    const own = mutant.to === "nothing" ? await rowsChild(String(number)) : undefined;
    const asked: ChildProcess = own ?? (child?.connected === true ? child : (child = await rowsChild("-1")));
    asked.send(number);
    const red = await said(asked);
    if (red === undefined && asked === child) child = undefined;
    own?.kill();
    seen(mutant, red ?? "the rows do not end");
  }
  child?.kill();
}

/** The first test that fails with a mutant. */
async function redTest(mutant: Mutant | undefined): Promise<string> {
  const number = mutant === undefined ? "-1" : String(mutants.indexOf(mutant));
  const files = [...TESTS, ...(mutant === undefined ? Object.values(OWN_TESTS) : testsFor(mutant))];
  const args = [...execArgv, "--test", "--test-isolation=none", "--test-reporter=tap", ...files];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...env, REMIT_MUTANT: number },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, "close");
  clearTimeout(timer);
  if (code === 0) return "";
  return /^not ok \d+ - (.*)$/m.exec(output)?.[1] ?? "the tests do not end";
}

const excused = new Set(equivalent.flatMap(({ checks }) => checks));

async function all(): Promise<number> {
  const unmutated = await redTest(undefined);
  if (unmutated !== "") throw new Error(`red without a mutant: ${unmutated}`);
  const survived: Mutant[] = [];
  const queue = [...mutants];
  let byRows = 0;
  const seen = (mutant: Mutant, red: string): void => {
    if (red === "") survived.push(mutant);
    else byRows += 1;
    if (process.env["REMIT_MUTANTS_SHOW"] !== undefined) console.log(`row    ${titleOf(mutant)} ${red}`);
  };
  await Promise.all([rowsFor(queue, seen), rowsFor(queue, seen)]);
  console.log(`${mutants.length} checks, ${byRows} seen by a row of a must list`);
  const left = survived.filter((mutant) => !excused.has(titleOf(mutant)));
  let surviving = 0;
  const test = async (): Promise<void> => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const red = await redTest(mutant);
      if (red === "") surviving += 1;
      console.log(`${red === "" ? "GREEN " : "test  "} ${titleOf(mutant)} ${red}`);
    }
  };
  await Promise.all([test(), test()]);
  const names = new Set(survived.map(titleOf));
  const here = new Set(mutants.map(titleOf));
  const stale = [...excused].filter((one) => here.has(one) && !names.has(one));
  for (const one of stale) console.log(`listed, but seen  ${one}`);
  console.log(`${surviving} seen by nothing`);
  return surviving + stale.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await all();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
