import type { Command } from "commander";
import { resolve } from "node:path";
import type { Context } from "../context.ts";

type ContextOf = (command: Command) => Context;

/** Commands for those who write and review connectors. */
export function registerConnectorCommands(program: Command, context: ContextOf, exit: (code: number) => void): void {
  const connector = program.command("connector").description("write, check and judge connectors");
  registerFromOpenapi(connector, context);
  registerLint(connector, context);
  registerResidual(connector, context);
  registerTest(connector, context, exit);
}

function registerFromOpenapi(connector: Command, context: ContextOf): void {
  connector
    .command("from-openapi <file>")
    .description("write a connector that refuses everything, from an OpenAPI 3 description")
    .option("--name <name>", "name of the connector; else made of the description's title")
    .option("-o, --out <file>", "file to write; else stdout")
    .action(async (file: string, flags: { name?: string; out?: string }, command: Command) => {
      const { output } = context(command);
      const { fromOpenapi } = await import("./connector-from-openapi.ts");
      const out = flags.out === undefined ? undefined : resolve(flags.out);
      await fromOpenapi({ file: resolve(file), name: flags.name, out }, output);
    });
}

function registerLint(connector: Command, context: ContextOf): void {
  connector
    .command("lint <file-or-name>")
    .description("say what a careful reviewer would ask about a connector")
    .option("--config <dir>", "configuration folder, for a connector of your own by name", "remit")
    .action(async (fileOrName: string, flags: { config: string }, command: Command) => {
      const { output } = context(command);
      const { connectorLint } = await import("./connector-lint.ts");
      connectorLint(fileOrName, resolve(flags.config), output);
    });
}

function registerResidual(connector: Command, context: ContextOf): void {
  connector
    .command("residual <file-or-name>")
    .description("say what the stored credential could do if it were stolen, and what grants use of it")
    .option("--config <dir>", "read policies from this folder; else the running broker is asked, then ./remit")
    .action(async (name: string, flags: { config?: string }, command: Command) => {
      const { places, output } = context(command);
      const { connectorResidual } = await import("./connector-residual.ts");
      const config = resolve(flags.config ?? "remit");
      await connectorResidual({ connector: name, config, folderAsked: flags.config !== undefined }, places, output);
    });
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
