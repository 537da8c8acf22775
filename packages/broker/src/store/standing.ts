import { refuse, type RefusalCode } from "@remit/core";
import { integer, text } from "./rows.ts";
import type { NewTask } from "./store.ts";
import { Refused, type Writing } from "./verb.ts";

export const HOUR_MS = 3_600_000;

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

/** Refuses a task over a limit of policy × actor × subject. A task whose lease cannot be woken any more is not live. */
export function refuseOverLimit(w: Writing, task: NewTask): void {
  const { tasksLive, tasksPerHour, recordsPerHour } = task.limits;
  const who = [task.policy, task.agent, task.subject] as const;
  if (tasksLive !== undefined) {
    const row = w.sql.one(
      `select count(*) as held from (select 1 from task t cross join grant_ g on g.task = t.id and g.parent is null
         where t.policy = ? and t.agent = ? and t.subject = ? and t.ended_ms is null and t.ends_ms > ? and g.lease_until_ms > ? limit ?)`,
      ...[...who, w.nowMs, w.nowMs - w.lifetimes.dormantMs, tasksLive],
    );
    if (row !== undefined && integer(row, "held") >= tasksLive)
      no("limit_reached", `${tasksLive} tasks are live already`);
  }
  if (tasksPerHour !== undefined) {
    const row = w.sql.one(
      "select count(*) as held from task where policy = ? and agent = ? and subject = ? and created_ms > ?",
      ...[...who, w.nowMs - HOUR_MS],
    );
    if (row !== undefined && integer(row, "held") >= tasksPerHour)
      no("limit_reached", `${tasksPerHour} tasks were begun within the hour`);
  }
  if (recordsPerHour !== undefined) {
    const row = w.sql.one(
      "select count(*) as held from granted_record where policy = ? and agent = ? and subject = ? and created_ms > ?",
      ...[...who, w.nowMs - HOUR_MS],
    );
    if (row !== undefined && integer(row, "held") + task.records.length > recordsPerHour)
      no("limit_reached", `${recordsPerHour} records were granted within the hour`);
  }
}
