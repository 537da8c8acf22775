import { join } from "node:path";
import { type Program, programFile, startProgram } from "./program.ts";

/** Broker or gateway as a process that can be killed, held, and started again on the same data and addresses. */
export interface TestProcess extends Pick<Program, "pid" | "ready" | "ended" | "text" | "kill" | "stop" | "pause"> {
  resume(): void;
  /** Starts it anew; one that still runs is asked to stop first. Resolves at its ready line. */
  restart(): Promise<void>;
  /** The file with what it said on stderr, over all its lives. */
  readonly log: string;
}

/** How one life of a process is started; `before` is the ready line of its first. */
export type Arguments = (before: Readonly<Record<string, unknown>> | undefined) => readonly string[];

/** Starts `@remit/broker` or `@remit/gateway`. */
export async function startProcess(
  name: "broker" | "gateway",
  folder: string,
  env: Readonly<Record<string, string>>,
  args: Arguments,
): Promise<TestProcess> {
  const log = join(folder, `${name}.log`);
  const start = async (before: Program | undefined): Promise<Program> =>
    startProgram(programFile(`@remit/${name}`), args(before?.ready), { log, env });
  const first = await start(undefined);
  let now = first;
  return {
    log,
    get pid() {
      return now.pid;
    },
    get ready() {
      return now.ready;
    },
    get ended() {
      return now.ended;
    },
    text: (member) => now.text(member),
    kill: async (signal) => now.kill(signal),
    stop: async () => now.stop(),
    pause: async () => now.pause(),
    resume: () => now.resume(),
    async restart() {
      await now.stop();
      now = await start(first);
    },
  };
}

/** The port in an address of a ready line. */
export function portIn(ready: Readonly<Record<string, unknown>> | undefined, member: string): string {
  const address = ready?.[member];
  return typeof address === "string" ? new URL(address).port : "0";
}
