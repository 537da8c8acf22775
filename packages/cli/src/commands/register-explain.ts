import { type Command, Option } from "commander";
import { resolve } from "node:path";
import type { Context } from "../context.ts";
import { CommandError } from "../exit.ts";

type ContextOf = (command: Command) => Context;

/** Commands that say what would be decided, and send nothing. */
export function registerExplainCommands(program: Command, context: ContextOf, exit: (code: number) => void): void {
  registerExplain(program, context, exit);
  registerReplay(program, context, exit);
}

interface ExplainFlags {
  readonly on: string;
  readonly request?: string;
  readonly header: readonly string[];
  readonly data?: string;
  readonly grant?: string;
  readonly policy?: string;
  readonly connector?: string;
  readonly connectors?: string;
  readonly config: string;
  readonly known?: string;
}

const gathered = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function registerExplain(program: Command, context: ContextOf, exit: (code: number) => void): void {
  program
    .command("explain <path>")
    .description("say whether a request would be allowed, by what, and what would have sufficed; nothing is sent")
    .requiredOption("--on <resource[:record]>", "the resource, as in jira-acme; with a policy also the record")
    .option("-X, --request <method>", "method (default: GET, with a body POST)")
    .addOption(
      new Option("-H, --header <line>", "header, as in 'Accept: application/json'").default([]).argParser(gathered),
    )
    .option("-d, --data <body>", "body, or @FILE; JSON where no header says otherwise")
    .option("--grant <file|id>", "a file of authorization_details, or a grant or task that you may see")
    .option("--policy <name>", "a policy of the configuration folder")
    .option("--connector <name>", "how the resource is read, where no configuration folder says it")
    .option("--connectors <dir>", "folder with connectors of your own")
    .option("--config <dir>", "configuration folder", "remit")
    .option("--known <file>", "answers of the API that it may depend on, by `GET /path`")
    .action(async (path: string, flags: ExplainFlags, command: Command) => {
      const { places, output } = context(command);
      const { explain } = await import("./explain.ts");
      const { request, data, connector, connectors, known, on, header } = flags;
      const own = connectors === undefined ? undefined : resolve(connectors);
      exit(
        await explain(
          path,
          {
            ...{ on, header, request, data, connector, known, connectors: own },
            ...{ config: resolve(flags.config), source: sourceOf(flags) },
          },
          places,
          output,
        ),
      );
    });
}

function sourceOf({
  grant,
  policy,
}: ExplainFlags): { grant: string; policy: undefined } | { grant: undefined; policy: string } {
  if (grant !== undefined && policy === undefined) return { grant, policy };
  if (policy !== undefined && grant === undefined) return { grant, policy };
  throw new CommandError("usage", "one authority is judged by", { fix: "give either --grant or --policy" });
}

interface ReplayFlags {
  readonly on?: string;
  readonly authority?: string;
  readonly connector: string;
  readonly connectors?: string;
  readonly origin?: string;
  readonly propose: boolean;
  readonly only?: string;
}

function registerReplay(program: Command, context: ContextOf, exit: (code: number) => void): void {
  program
    .command("replay <har>")
    .description(
      "judge recorded traffic (HAR 1.2) by a proposed authority, or propose the narrowest one; nothing is sent",
    )
    .requiredOption("--connector <name>", "how the API is read")
    .option("--authority <file>", "a file of authorization_details")
    .option("--propose", "propose the narrowest authority that allows the calls", false)
    .option("--only <numbers>", "the calls that are meant, as in 1,3,5-9 (default: all)")
    .option("--on <resource>", "name of the resource in the entries' types (default: the connector's)")
    .option("--origin <url>", "where the API was, where the recording has several places")
    .option("--connectors <dir>", "folder with connectors of your own")
    .action(async (har: string, flags: ReplayFlags, command: Command) => {
      const { output } = context(command);
      const { replay } = await import("./replay.ts");
      const { on, authority, connector, connectors, origin, propose, only } = flags;
      const own = connectors === undefined ? undefined : resolve(connectors);
      exit(await replay(resolve(har), { on, authority, connector, connectors: own, origin, propose, only }, output));
    });
}
