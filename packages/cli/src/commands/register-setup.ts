import { type Command, InvalidArgumentError } from "commander";
import { resolve } from "node:path";
import type { Context } from "../context.ts";
import { registerConnect } from "./register-connect.ts";

type ContextOf = (command: Command) => Context;

/** Commands that set Remit up and keep it running. */
export function registerSetupCommands(program: Command, context: ContextOf): void {
  registerUp(program, context);
  program
    .command("init")
    .description("write a first configuration folder")
    .requiredOption("--idp <url>", "issuer of your OpenID provider")
    .option("--idp-client <id>", "client id of the command line at that provider", "remit-cli")
    .option("--config <dir>", "folder to write", "remit")
    .option("--resource <name>", "name of the first resource", "jira-acme")
    .option("--connector <name>", "its connector", "jira")
    .option("--group <name>", "who may start tasks: members of this group", "support")
    .action(
      async (
        flags: {
          idp: string;
          idpClient: string;
          config: string;
          resource: string;
          connector: string;
          group: string;
        },
        command: Command,
      ) => {
        const { init } = await import("./init.ts");
        init({ ...flags, config: resolve(flags.config) }, context(command).output);
      },
    );
  program
    .command("check")
    .description("validate a configuration folder and say what it gives")
    .option("--config <dir>", "the folder", "remit")
    .action(async (flags: { config: string }, command: Command) => {
      const { check } = await import("./check.ts");
      await check(resolve(flags.config), context(command).output);
    });
  program
    .command("status")
    .description("say what runs, whether it is ready, and until when you are logged in")
    .action(async (_flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { status } = await import("./status.ts");
      await status(places, output);
    });
  registerClient(program, context);
  registerConnect(program, context);
  registerPrograms(program);
}

function registerUp(program: Command, context: ContextOf): void {
  program
    .command("up")
    .description("start the broker and the gateway on this machine")
    .option("--config <dir>", "configuration folder", "remit")
    .option("--port <n>", "port of the broker (0: any)", port, 7420)
    .option("--gateway-port <n>", "port of the gateway (0: the one of the last start, or any)", port, 0)
    .option("--points-port <n>", "port for enforcement points (0: any)", port, 0)
    .option("--connectors <dir>", "folder with connectors of your own; else `connectors` of the configuration folder")
    .option("--seal-key <file>", "32 random bytes, outside the data folder, readable by you only")
    .option("--apply-config", "apply the folder if it differs from what was applied last", false)
    .action(
      async (
        flags: {
          config: string;
          port: number;
          gatewayPort: number;
          pointsPort: number;
          connectors?: string;
          sealKey?: string;
          applyConfig: boolean;
        },
        command: Command,
      ) => {
        const { places, output } = context(command);
        const connectors = flags.connectors === undefined ? undefined : resolve(flags.connectors);
        const { up } = await import("./up.ts");
        await up({ ...flags, config: resolve(flags.config), connectors, sealKey: flags.sealKey }, places, output);
      },
    );
}

function registerClient(program: Command, context: ContextOf): void {
  program
    .command("client")
    .description("the agents and services that act")
    .command("add <name>")
    .description("add a client file, and make its key")
    .option("--config <dir>", "configuration folder", "remit")
    .option("--title <text>", "what people see")
    .option("--key-file <file>", "where to put the private key (default: under your configuration folder)")
    .option("--from-subject", "no key of its own: people start its tasks, each with a new key", false)
    .action(
      async (
        name: string,
        flags: { config: string; title?: string; keyFile?: string; fromSubject: boolean },
        command: Command,
      ) => {
        const { places, output } = context(command);
        const { clientAdd } = await import("./client-add.ts");
        clientAdd(
          {
            name,
            config: resolve(flags.config),
            title: flags.title,
            keyFile: flags.keyFile,
            fromSubject: flags.fromSubject,
          },
          places.user,
          output,
        );
      },
    );
}

function registerPrograms(program: Command): void {
  for (const name of ["broker", "gateway"] as const) {
    program
      .command(name)
      .description(`start the ${name} alone, with its own flags (\`remit ${name} --help\`)`)
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .argument("[flags...]")
      .action(async (flags: readonly string[], _options: unknown, command: Command) => {
        const globals: { json?: boolean; data?: string } = command.optsWithGlobals();
        const { runProgram } = await import("./program.ts");
        await runProgram(name, [
          ...flags,
          ...(globals.data === undefined ? [] : ["--data", globals.data]),
          ...(globals.json === true ? ["--json"] : []),
        ]);
      });
  }
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("a port is a number from 0 to 65535");
  return Number(text);
}
