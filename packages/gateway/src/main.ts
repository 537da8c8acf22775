#!/usr/bin/env node
import { keepCompiled } from "./compiled.ts";

keepCompiled(process.env);
const { flagFault, HELP, readFlags } = await import("./flags.ts");

const say = (level: "info" | "warn" | "error", message: string, facts: Readonly<Record<string, unknown>> = {}): void =>
  void process.stderr.write(
    `${JSON.stringify({ at: new Date().toISOString(), level, part: "gateway", message, ...facts })}\n`,
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
} else {
  const { printPoint, startGateway } = await import("./start.ts");
  try {
    if (flags.printPoint) {
      process.stdout.write(`${JSON.stringify(await printPoint(flags))}\n`);
    } else {
      const started = await startGateway(flags, say);
      const stop = (): void => void started.stop().then(() => process.exit(0));
      process.once("SIGTERM", stop);
      process.once("SIGINT", stop);
      // whoever reads the ready line may stop us at once
      process.stdout.write(`${JSON.stringify(started.ready)}\n`);
    }
  } catch (error) {
    const { startFault } = await import("./start-fault.ts");
    say("error", startFault(error));
    process.exit(1);
  }
}
