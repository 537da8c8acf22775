import { refuse, type RefusalCode } from "@remit/core";
import { endLapsed } from "./end-verbs.ts";
import { text } from "./rows.ts";
import type { NewTask } from "./store.ts";
import { openTasks, withinHour } from "./tally.ts";
import { Refused, type Writing } from "./verb.ts";

/** Leaves the verb that runs with a refusal. */
export const no = (code: RefusalCode, detail: string): never => {
  throw new Refused(refuse(code, detail));
};

const DEAD_CODES: Readonly<Record<string, RefusalCode>> = {
  usr: "subject_suspended",
  wl: "subject_suspended",
  cli: "client_suspended",
  agt: "client_suspended",
  pol: "policy_none",
  cnr: "resource_unavailable",
  cnx: "resource_unavailable",
};

/** Refuses if any id is suspended, or revoked for something made at `madeMs`. */
export function refuseDead(w: Writing, ids: readonly string[], madeMs: number): void {
  const row = w.sql.one(
    `select i.value as id from json_each(?) i where exists (select 1 from suspended s where s.id = i.value)
       or exists (select 1 from revocation r where r.id in (i.value, 'all') and (r.before_ms is null or r.before_ms >= ?)) limit 1`,
    JSON.stringify(ids),
    madeMs,
  );
  if (row === undefined) return;
  const id = text(row, "id");
  no(DEAD_CODES[id.split("_")[0] ?? ""] ?? "task_ended", `\`${id}\` is revoked or suspended`);
}

/** Refuses a task over a limit of policy × actor × subject. */
export function refuseOverLimit(w: Writing, task: NewTask): void {
  const { tasksLive, tasksPerHour, recordsPerHour } = task.limits;
  if (tasksLive !== undefined && openTasks(w.sql, task) >= tasksLive) {
    endLapsed(w, task);
    if (openTasks(w.sql, task) >= tasksLive) no("limit_reached", `${tasksLive} tasks are live already`);
  }
  if (tasksPerHour !== undefined && withinHour(w.sql, task, "tasks", w.nowMs) >= tasksPerHour)
    no("limit_reached", `${tasksPerHour} tasks were begun within the hour`);
  if (
    recordsPerHour !== undefined &&
    withinHour(w.sql, task, "records", w.nowMs) + task.records.length > recordsPerHour
  )
    no("limit_reached", `${recordsPerHour} records were granted within the hour`);
}
