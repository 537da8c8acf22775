import { readRecordLine } from "@remit/core";
import { checkLog } from "../audit/check.ts";
import { fetchLogs, readLogs, writeLogs } from "../audit/export.ts";
import { traceLines } from "../audit/trace.ts";
import { CommandError } from "../exit.ts";
import { anyId } from "./task.ts";
import type { Output } from "../output.ts";
import type { Places } from "../places.ts";
import { adminJson, takeSeat } from "../session.ts";

/** Verifies the running broker's logs, or an exported folder without any broker. */
export async function auditVerify(folder: string | undefined, places: Places, output: Output): Promise<void> {
  const logs = folder === undefined ? await fetchLogs(takeSeat(places)) : readLogs(folder);
  const checked = logs.map(checkLog);
  const lines = checked.map((log) =>
    log.ok
      ? `ok     ${log.name}: ${log.records} records`
      : `FAILED ${log.name}: ${log.reason}${log.at === undefined ? "" : ` at record ${log.at}`}`,
  );
  if (checked.some((log) => !log.ok)) {
    throw new CommandError("verificationFailed", ["the log does not verify:", ...lines].join("\n  "), {
      fix: "keep this copy; compare it with a checkpoint that others hold",
      facts: { logs: checked },
    });
  }
  output.answer({ ok: true, logs: checked }, lines);
}

/** Writes all logs with their signed heads into a folder. */
export async function auditExport(folder: string, places: Places, output: Output): Promise<void> {
  const logs = await fetchLogs(takeSeat(places));
  writeLogs(folder, logs);
  output.answer({ ok: true, folder, logs: logs.map(({ name, lines }) => ({ name, records: lines.length })) }, [
    `wrote ${logs.length} logs to ${folder}; check them anywhere with \`remit audit verify ${folder}\``,
  ]);
}

/** Prints the trail of a task, grant or decision as a tree: person, agent, calls. */
export async function auditTrace(id: string, places: Places, output: Output): Promise<void> {
  const { task, lines } = await adminJson(takeSeat(places), `/admin/trace/${encodeURIComponent(anyId(id))}`);
  const records = (Array.isArray(lines) ? lines : []).flatMap((entry: { log?: unknown; line?: unknown }) => {
    const record = readRecordLine(String(entry.line));
    return record === undefined ? [] : [{ log: String(entry.log), record }];
  });
  output.answer({ task, records: records.map(({ log, record }) => ({ log, ...record })) }, traceLines(task, records));
}
