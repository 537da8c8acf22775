#!/usr/bin/env node
import { keepCompiled } from "./compiled.ts";

keepCompiled(process.env);
const { flagFault, HELP, readFlags } = await import("./flags.ts");

const say = (level: "info" | "warn" | "error", message: string, facts: Readonly<Record<string, unknown>> = {}): void =>
  void process.stderr.write(
    `${JSON.stringify({ at: new Date().toISOString(), level, part: "broker", message, ...facts })}\n`,
  );

const args = process.argv.slice(2);
const flags = readFlags(args);
const fault = typeof flags === "string" ? flags : flagFault(flags);
if (args.includes("--help")) {
  process.stdout.write(HELP);
} else if (typeof flags === "string" || fault !== undefined) {
  say("error", fault ?? "the flags cannot be read");
  process.stderr.write(HELP);
  process.exitCode = 2;
} else if (flags.check) {
  const { checkFolder } = await import("./check.ts");
  const { ok, answer } = await checkFolder(flags.config);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.exitCode = ok ? 0 : 1;
} else {
  const { startWriterThread } = await import("./store/writer-thread.ts");
  // the thread loads while this one does
  const thread = startWriterThread();
  const { startBroker } = await import("./start.ts");
  try {
    const started = await startBroker(flags, say, thread);
    const stop = (): void => void started.stop().then(() => process.exit(0));
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
    // whoever reads the ready line may stop us at once
    process.stdout.write(`${JSON.stringify(started.ready)}\n`);
  } catch (error) {
    const { startFault } = await import("./start-fault.ts");
    say("error", startFault(error));
    process.exit(1);
  }
}
