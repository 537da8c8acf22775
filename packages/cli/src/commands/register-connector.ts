import type { Command } from "commander";
import { resolve } from "node:path";
import type { Context } from "../context.ts";

type ContextOf = (command: Command) => Context;

/** Commands for those who write and review connectors. */
export function registerConnectorCommands(program: Command, context: ContextOf): void {
  const connector = program.command("connector").description("write, check and judge connectors");
  registerFromOpenapi(connector, context);
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
