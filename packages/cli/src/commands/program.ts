import { spawn } from "node:child_process";
import { once } from "node:events";
import { CommandError } from "../exit.ts";
import { ourEnvironment, programFile } from "../supervise.ts";

/** With this code broker and gateway end when their flags cannot be read; they say what is wrong themselves. */
const USAGE = 2;

/** Runs the broker or the gateway in the foreground with the flags as they were given; passes signals and the exit code on. */
export async function runProgram(name: "broker" | "gateway", flags: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, programFile(`@remit/${name}`), ...flags], {
    stdio: "inherit",
    env: ourEnvironment(process.env),
  });
  const forward = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  const [code, signal] = await once(child, "exit");
  process.off("SIGINT", forward).off("SIGTERM", forward);
  if (signal !== null && signal !== "SIGTERM" && signal !== "SIGINT")
    throw new CommandError("error", `the ${name} was ended by ${String(signal)}`);
  if (code === USAGE)
    throw new CommandError("usage", `the ${name} cannot be started with these flags`, {
      fix: `what is wrong is said above; \`remit ${name} --help\` lists the flags`,
    });
  if (typeof code === "number" && code !== 0)
    throw new CommandError("error", `the ${name} ended with exit code ${code}`, {
      fix: "its last words are above",
    });
}
