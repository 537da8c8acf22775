import { Command, CommanderError, Option } from "commander";
import { registerAuditCommands } from "./commands/register-audit.ts";
import { registerConnectorCommands } from "./commands/register-connector.ts";
import { registerExplainCommands } from "./commands/register-explain.ts";
import { registerLifeCommands } from "./commands/register-life.ts";
import { registerSetupCommands } from "./commands/register-setup.ts";
import { type Context, contextOf } from "./context.ts";
import { CommandError, EXIT } from "./exit.ts";
import { createOutput } from "./output.ts";

/** Parses the arguments, runs one command, and returns its exit code. Prints the one message of a failure. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command("remit")
    .description("Give an agent a remit, not a key.")
    .version("0.1.0")
    .option("--data <dir>", "data folder of the running broker and gateway (or REMIT_DATA)")
    .addOption(new Option("--json", "one line of JSON on stdout, nothing else").default(false))
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
    // what the parser does not take is said where every other end of a command is
    .configureOutput({ outputError: () => undefined });
  const passed: { code: number } = { code: EXIT.ok };
  const context = (command: Command): Context => contextOf(command.optsWithGlobals(), process.env);
  registerSetupCommands(program, context);
  registerLifeCommands(program, context, (code) => (passed.code = code));
  registerAuditCommands(program, context);
  registerConnectorCommands(program, context, (code) => (passed.code = code));
  registerExplainCommands(program, context, (code) => (passed.code = code));
  for (const command of [program, ...allCommands(program)]) command.exitOverride((error) => misread(error, command));
  try {
    await program.parseAsync([...args], { from: "user" });
    return passed.code;
  } catch (error) {
    return explain(error, jsonAsked(args));
  }
}

function allCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

/** The parser's end of a command, as one of ours that names the help which answers it. */
function misread(error: CommanderError, command: Command): never {
  if (error.exitCode === 0) throw error;
  const path = pathOf(command);
  // a command that only groups others has shown its help
  const message = error.code === "commander.help" ? `\`${path}\` needs a command` : error.message;
  throw new CommandError("usage", message.replace(/^error: /, ""), {
    cause: error,
    fix: `\`${path} --help\` lists ${command.commands.length === 0 ? "the flags" : "the commands"}`,
  });
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

/** `--json` counts up to `--`; what follows belongs to the program that `run` starts. */
function jsonAsked(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}

function explain(error: unknown, json: boolean): number {
  // help that was asked for is no failure
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const known = error instanceof CommandError ? error : asCommandError(error);
  const output = createOutput(json, process.stdout, process.stderr);
  if (json) {
    output.answer(
      {
        ok: false,
        error: known.exit,
        message: known.message,
        ...(known.fix === undefined ? {} : { fix: known.fix }),
        ...known.facts,
      },
      [],
    );
  } else {
    output.say(`remit: ${known.message}`);
    if (known.fix !== undefined) output.say(`  fix: ${known.fix}`);
  }
  return EXIT[known.exit];
}

function asCommandError(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError("error", message, {
    cause: error,
    fix: "if this looks like a mistake of Remit, please report it with the command that you ran",
  });
}
