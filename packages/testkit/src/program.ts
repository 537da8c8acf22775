import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A program that said in one line of JSON that it is ready. Disposing of it stops it. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Its ready line. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Settles with the way it ended: `exit code 0`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** A member of the ready line that must be text. */
  text(member: string): string;
  /** Ends it without a warning, and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Asks it to stop, and waits; ends it if it does not within its grace. */
  stop(): Promise<void>;
  /** Holds it where it is; resolves when none of its threads runs any more. Not on Windows. */
  pause(): Promise<void>;
  resume(): void;
}

/** The entry files of Remit's own programs, from source in a checkout and built when installed. */
export function programFile(name: "@remit/broker" | "@remit/cli" | "@remit/gateway"): string {
  return fileURLToPath(import.meta.resolve(name)).replace(/index\.(ts|js)$/, "main.$1");
}

/** Options of this very Node that a program of ours needs: only the condition that picks sources. */
const nodeOptions = (file: string): readonly string[] => (file.endsWith(".ts") ? ["--conditions=@remit/source"] : []);

function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _dropped, NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return { ...rest, ...more };
}

/** Characters of stderr that the message about a failed start repeats. */
const LAST_WORDS = 4_000;

/** Starts a program with this Node; what it says on stderr goes to the file `log`. */
export async function startProgram(
  file: string,
  args: readonly string[],
  { log, env = {} }: { readonly log: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Program> {
  const child = spawn(process.execPath, [...nodeOptions(file), file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: environment(env),
  });
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  let lastWords = "";
  child.stderr.on("data", (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS)));
  const closed = once(child, "close");
  const ended = once(child, "exit").then(([code, signal]) =>
    signal === null ? `exit code ${String(code)}` : String(signal),
  );
  const first = once(createInterface({ input: child.stdout }), "line").then(([line]) => String(line));
  const line = await Promise.race([first, ended.then(() => undefined)]);
  const ready = line === undefined ? undefined : objectIn(line);
  if (ready === undefined || "error" in ready) {
    child.kill("SIGKILL");
    await closed;
    throw new Error(`${file} did not start (${line ?? (await ended)}): ${lastWords}`);
  }
  return programOf(child, file, ready, ended);
}

const GRACE_MS = 15_000;

function programOf(
  child: ChildProcess,
  file: string,
  ready: Readonly<Record<string, unknown>>,
  ended: Promise<string>,
): Program {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} has no process id`);
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    if (isGone()) return;
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    const grace = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    await ended;
    clearTimeout(grace);
  };
  return {
    ...{ pid, ready, ended, stop },
    text(member) {
      const value = ready[member];
      if (typeof value !== "string") throw new Error(`the ready line of ${file} has no \`${member}\``);
      return value;
    },
    async kill(signal = "SIGKILL") {
      if (!isGone()) child.kill(signal);
      await ended;
    },
    async pause() {
      child.kill("SIGSTOP");
      while (!isGone() && !isStopped(pid)) await turn();
    },
    resume: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

/** Whether every thread of a process is held. Where the system does not tell, the signal is trusted. */
function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) => {
    // the state follows the name, which may hold anything but ends with the last bracket
    const state = readFileSync(`${threads}/${thread}/stat`, "utf8");
    return /^\) [TtZX]/.test(state.slice(state.lastIndexOf(")")));
  });
}

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  const value: unknown = JSON.parse(line);
  return typeof value === "object" && value !== null ? { ...value } : undefined;
}

/** What a command that ran to its end said. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command `remit` to its end. `onStderr` hears what it has said so far. */
export async function remit(
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly input?: string;
    readonly onStderr?: (text: string) => void;
  },
): Promise<Ended> {
  const file = programFile("@remit/cli");
  const child = spawn(process.execPath, [...nodeOptions(file), file, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: environment(options.env),
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
