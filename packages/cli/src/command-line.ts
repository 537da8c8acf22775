import { Command, CommanderError, Option } from "commander";
import { registerAuditCommands } from "./commands/register-audit.ts";
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
    .showHelpAfterError("(`remit --help` lists the commands)")
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
    .exitOverride();
  const passed: { code: number } = { code: EXIT.ok };
  const context = (command: Command): Context => contextOf(command.optsWithGlobals(), process.env);
  registerSetupCommands(program, context);
  registerLifeCommands(program, context, (code) => (passed.code = code));
  registerAuditCommands(program, context);
  for (const command of allCommands(program)) command.exitOverride();
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

/** `--json` counts up to `--`; what follows belongs to the program that `run` starts. */
function jsonAsked(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}

function explain(error: unknown, json: boolean): number {
  // the parser has said it to people already, and help that was asked for is no failure
  if (error instanceof CommanderError && (error.exitCode === 0 || !json))
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
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
  if (error instanceof CommanderError) return new CommandError("usage", error.message.replace(/^error: /, ""));
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError("error", message, {
    cause: error,
    fix: "if this looks like a mistake of Remit, please report it with the command that you ran",
  });
}
