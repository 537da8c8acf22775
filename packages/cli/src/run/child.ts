import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { CommandError } from "../exit.ts";

const PASSED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** Variables that would make the child load code or reach Remit's own files. */
const WITHHELD = /^(?:REMIT_|NODE_OPTIONS$|LD_PRELOAD$|LD_LIBRARY_PATH$|DYLD_|npm_)/;

/** Runs a program with this terminal, passes signals on, and returns its exit code as a shell would (128 + signal). */
export async function runChild(
  command: readonly string[],
  added: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const [program, ...args] = command;
  if (program === undefined)
    throw new CommandError("usage", "there is no program to run", {
      fix: "put it after `--`, as in `remit run --policy P --on R:ID -- npm start`",
    });
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !WITHHELD.test(name)));
  const child = spawn(program, args, { stdio: "inherit", env: { ...kept, ...added } });
  const handlers = PASSED_SIGNALS.map((signal) => ({
    signal,
    pass: (): boolean => child.kill(signal),
  }));
  for (const { signal, pass } of handlers) process.on(signal, pass);
  try {
    const [code, signal] = await Promise.race([
      once(child, "exit"),
      once(child, "error").then(([error]) => Promise.reject(error)),
    ]);
    if (typeof code === "number") return code;
    return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  } catch (cause) {
    throw new CommandError("error", `\`${program}\` could not be started`, {
      cause,
      fix: "is it on the PATH, and may it be executed?",
    });
  } finally {
    for (const { signal, pass } of handlers) process.off(signal, pass);
  }
}
