import type { Command } from "commander";
import { resolve } from "node:path";
import type { Context } from "../context.ts";

/** Commands that show and prove what was decided. */
export function registerAuditCommands(program: Command, context: (command: Command) => Context): void {
  const audit = program.command("audit").description("show and prove what was decided");
  audit
    .command("verify [folder]")
    .description("verify the running broker's logs, or an exported folder")
    .action(async (folder: string | undefined, _flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { auditVerify } = await import("./audit.ts");
      await auditVerify(folder === undefined ? undefined : resolve(folder), places, output);
    });
  audit
    .command("export <folder>")
    .description("write all logs with their signed heads")
    .action(async (folder: string, _flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { auditExport } = await import("./audit.ts");
      await auditExport(resolve(folder), places, output);
    });
  audit
    .command("trace <id>")
    .description("the trail of a task, grant or decision")
    .action(async (id: string, _flags: unknown, command: Command) => {
      const { places, output } = context(command);
      const { auditTrace } = await import("./audit.ts");
      await auditTrace(id, places, output);
    });
}
