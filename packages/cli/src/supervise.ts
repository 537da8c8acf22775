import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compiledFolder } from "./compiled.ts";
import { CommandError } from "./exit.ts";

/** The entry file of a sibling program, as source in a checkout and as built code when installed. */
export function programFile(packageName: "@remit/broker" | "@remit/gateway"): string {
  const index = fileURLToPath(import.meta.resolve(packageName));
  return index.replace(/index\.(ts|js)$/, "main.$1");
}

/** A program of ours that was started. */
export interface Program {
  readonly name: string;
  readonly child: ChildProcess;
  /** Settles when the process has ended, with the way it ended. */
  readonly ended: Promise<string>;
}

/** What a program said in its ready line. */
export interface Ready extends Program {
  readonly said: Readonly<Record<string, unknown>>;
}

/** Starts a program of ours with this Node and its options; its stderr is ours. */
export function startProgram(name: string, file: string, args: readonly string[]): Program {
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: ourEnvironment(process.env),
  });
  // one that ended hears nothing, and how it ended is said by its end
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit").then(([code, signal]) =>
    signal === null ? `exit code ${String(code)}` : String(signal),
  );
  return { name, child, ended };
}

/** Resolves at the ready line of a program. */
export async function untilReady(program: Program): Promise<Ready> {
  const { name, child, ended } = program;
  const said = await Promise.race([firstLine(child), ended.then(() => undefined)]);
  if (said !== undefined) return { ...program, said };
  throw new CommandError("error", `the ${name} did not start (${await ended})`, { fix: "its last words are above" });
}

/** Runs a program of ours to its end and returns its one line of JSON. */
export async function askProgram(
  file: string,
  args: readonly string[],
): Promise<{ code: number; answer: Readonly<Record<string, unknown>> | undefined }> {
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: ourEnvironment(process.env),
  });
  const exit = once(child, "exit");
  const answer = await firstLine(child);
  const [code] = await exit;
  return { code: typeof code === "number" ? code : 1, answer };
}

/** Asks a program to stop, and makes it stop if it does not within `graceMs`. */
export async function stopProgram(program: Program, graceMs: number): Promise<void> {
  if (program.child.exitCode !== null || program.child.signalCode !== null) return;
  program.child.kill("SIGTERM");
  const timer = setTimeout(() => program.child.kill("SIGKILL"), graceMs);
  await program.ended;
  clearTimeout(timer);
}

async function firstLine(child: ChildProcess): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (child.stdout === null) return undefined;
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const value: unknown = JSON.parse(line);
    child.stdout.resume();
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  }
  return undefined;
}

/** What a program of ours inherits: no options of somebody's, and the folder of compiled code from its first module on. */
export function ourEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _dropped, ...rest } = env;
  return { ...rest, NODE_COMPILE_CACHE: compiledFolder(env) };
}

/** Reads a member of a ready line that must be text. */
export function readyText({ name, said }: Ready, member: string): string {
  const value = said[member];
  if (typeof value !== "string") throw new CommandError("error", `the ${name} did not say its \`${member}\``);
  return value;
}
