import { type Command, InvalidArgumentError } from "commander";
import type { Context } from "../context.ts";

type ContextOf = (command: Command) => Context;

/** Commands that people use every day: log in, run a program with a remit, look at tasks, end them. */
export function registerLifeCommands(program: Command, context: ContextOf, exit: (code: number) => void): void {
  program
    .command("login")
    .description("log in with your OpenID provider")
    .option("--issuer <name>", "which provider, where there are several")
    .option("--no-browser", "only print the page to open")
    .action(async (flags: { issuer?: string; browser: boolean }, command: Command) => {
      const { places, output } = context(command);
      const { login } = await import("./login.ts");
      await login({ issuer: flags.issuer, browser: flags.browser }, places, output);
    });
  program
    .command("logout")
    .description("forget the login on this machine")
    .action(async (_flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { logout } = await import("./login.ts");
      logout(places, output);
    });
  registerRun(program, context, exit);
  registerTask(program, context);
}

function registerRun(program: Command, context: ContextOf, exit: (code: number) => void): void {
  program
    .command("run")
    .description("run a program with authority over one record, and no secret")
    .requiredOption(
      "--on <resource:record>",
      "the one record, as in jira-acme:PROJ-42, or jira-acme.issue:PROJ-42 where a resource has several kinds",
    )
    .option("--policy <name>", "trust policy, where several fit")
    .option("--purpose <text>", "what it is for, shown in the trail as your words")
    .option("--duration <seconds>", "hard end of the task, from now", seconds)
    .argument("<command...>", "the program and its arguments, after `--`")
    .action(
      async (
        commandLine: readonly string[],
        flags: { on: string; policy?: string; purpose?: string; duration?: number },
        command: Command,
      ) => {
        const { places, output, env } = context(command);
        const { run } = await import("./run.ts");
        exit(
          await run(
            {
              on: flags.on,
              policy: flags.policy,
              purpose: flags.purpose,
              duration: flags.duration,
              command: commandLine,
            },
            places,
            output,
            env,
          ),
        );
      },
    );
}

function registerTask(program: Command, context: ContextOf): void {
  const task = program.command("task").description("tasks: pieces of work, and all authority under them");
  task
    .command("list")
    .description("the tasks that you may see")
    .action(async (_flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { taskList } = await import("./task.ts");
      await taskList(places, output);
    });
  task
    .command("show <task>")
    .description("one task, whole")
    .action(async (id: string, _flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { taskShow } = await import("./task.ts");
      await taskShow(id, places, output);
    });
  task
    .command("end <task>")
    .description("end a task and all authority under it")
    .option("--reason <text>", "for the record")
    .action(async (id: string, flags: { reason?: string }, command: Command) => {
      const { places, output } = context(command);
      const { taskEnd } = await import("./task.ts");
      await taskEnd(id, flags.reason, places, output);
    });
  program
    .command("revoke <id>")
    .description("revoke a task, grant, client, policy, subject or key by its id")
    .option("--reason <text>", "for the record")
    .option("--suspend", "and give nothing new any more", false)
    .action(async (id: string, flags: { reason?: string; suspend: boolean }, command: Command) => {
      const { places, output } = context(command);
      const { revoke } = await import("./task.ts");
      await revoke(id, { reason: flags.reason, suspend: flags.suspend }, places, output);
    });
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("a duration is whole seconds");
  return Number(text);
}
