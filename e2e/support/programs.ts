import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { programFile } from "@remit/testkit";

/** A program of ours that runs, or the way in which it ended before it was ready. */
export interface Started {
  /** Its ready line; undefined if it ended before. */
  readonly ready: Readonly<Record<string, string>> | undefined;
  readonly stderr: () => string;
  /** Resolves when it says on stderr what is looked for. */
  said(what: RegExp): Promise<void>;
  /** Tells it to stop; its exit code. Also of one that ended by itself. */
  stop(): Promise<number | null>;
}

/** Starts `remit …` and waits for its ready line or its end. */
export async function startRemit(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Started> {
  const { NODE_OPTIONS: _dropped, ...inherited } = process.env;
  const child = spawn(process.execPath, [...process.execArgv, programFile("@remit/cli"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inherited, ...env },
  });
  const heard = { stderr: "" };
  child.stderr.on("data", (chunk: Buffer) => (heard.stderr += chunk.toString()));
  const closed = once(child, "close");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    closed.then(() => undefined),
  ]);
  const value = line === undefined ? undefined : (JSON.parse(String(line[0])) as Record<string, string>);
  const ready = value === undefined || "error" in value ? undefined : value;
  return {
    ready,
    stderr: () => heard.stderr,
    said: async (what) => saysOn(child, heard, what),
    async stop() {
      if (ready !== undefined) child.kill("SIGTERM");
      const [code] = (await closed) as [number | null];
      return code;
    },
  };
}

async function saysOn(child: ChildProcess, heard: { readonly stderr: string }, what: RegExp): Promise<void> {
  while (!what.test(heard.stderr)) {
    const signal = AbortSignal.timeout(15_000);
    if (child.stderr === null || child.exitCode !== null) throw new Error(`it ended without saying ${what}`);
    await once(child.stderr, "data", { signal });
  }
}
