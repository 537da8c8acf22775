import type { Command } from "commander";
import type { Context } from "../context.ts";

type ContextOf = (command: Command) => Context;

/** Commands for those who write and review connectors. */
export function registerConnectorCommands(program: Command, context: ContextOf, exit: (code: number) => void): void {
  const connector = program.command("connector").description("write, check and judge connectors");
  registerTest(connector, context, exit);
}

function registerTest(connector: Command, context: ContextOf, exit: (code: number) => void): void {
  connector
    .command("test [what...]")
    .description("run the must-allow and must-deny lists of connectors: of a folder, by name, or the shipped ones")
    .option("--connectors <dir>", "folder in which names are looked for first")
    .action(async (what: readonly string[], flags: { connectors?: string }, command: Command) => {
      const { output } = context(command);
      const { connectorTest } = await import("./connector-test.ts");
      exit(await connectorTest(what, flags.connectors, output));
    });
}
