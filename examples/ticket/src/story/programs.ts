import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program that said that it is ready, in one line of JSON. */
export interface Running {
  readonly child: ChildProcess;
  readonly ready: Readonly<Record<string, unknown>>;
}

const env = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _dropped, ...rest } = process.env;
  return { ...rest, ...more };
};

/** The command line's entry file, whether from source or built. */
export const remitMain = fileURLToPath(import.meta.resolve("@remit/cli")).replace(/index\.(ts|js)$/, "main.$1");

/** Starts a program with this Node; what it says on stderr goes to a file. */
export async function start(
  file: string,
  args: readonly string[],
  log: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: env(more),
  });
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  const lines = createInterface({ input: child.stdout });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.once("line", resolve);
  child.once("exit", (code) => reject(new Error(`${file} ended with exit code ${String(code)}; see ${log}`)));
  const line = await promise;
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "error" in value)
    throw new Error(`${file} did not start: ${line}`);
  return { child, ready: typeof value === "object" && value !== null ? { ...value } : {} };
}

/** What a command that ran to its end said. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end. `onStderr` hears what it says on the way. */
export async function remit(
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly input?: string;
    readonly onStderr?: (text: string) => void;
  },
): Promise<Ended> {
  const child = spawn(process.execPath, [...process.execArgv, remitMain, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: env(options.env),
  });
  const heard = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (heard.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    heard.stderr += chunk.toString();
    options.onStderr?.(heard.stderr);
  });
  child.stdin.end(options.input ?? "");
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : 1, ...heard };
}

/** Asks a program to stop, and waits until it has. */
export async function stop(running: Running): Promise<void> {
  if (running.child.exitCode !== null || running.child.signalCode !== null) return;
  const ended = once(running.child, "exit");
  running.child.kill("SIGCONT");
  running.child.kill("SIGTERM");
  await ended;
}

/** A member of a ready line that is text. */
export function textOf(running: Running, name: string): string {
  const value = running.ready[name];
  if (typeof value !== "string") throw new Error(`the ready line has no \`${name}\``);
  return value;
}
