import { integer, type Sql, text } from "./rows.ts";

/** Whom a policy's limits are counted for. */
export interface Counted {
  readonly policy: string;
  readonly agent: string;
  readonly subject: string;
}

/** What is counted: tasks begun and records asked for, by the minute, and tasks that nobody has ended. */
export type Tallied = "tasks" | "records" | "open";

const MINUTE_MS = 60_000;
const HOUR_SLOTS = 60;

/**
 * Counts by the minute, so that asking costs the same however many there were. An hour is this minute and the sixty
 * before it: at most a minute more than an hour is counted, never less.
 */
export function withinHour(sql: Sql, who: Counted, what: "tasks" | "records", nowMs: number): number {
  const row = sql.one(
    "select coalesce(sum(held), 0) as held from tally where policy = ? and agent = ? and subject = ? and what = ? and slot >= ?",
    ...[who.policy, who.agent, who.subject, what, slotOf(nowMs) - HOUR_SLOTS],
  );
  return row === undefined ? 0 : integer(row, "held");
}

/** Tasks that were begun and not ended, whether or not their time is over. */
export function openTasks(sql: Sql, who: Counted): number {
  const row = sql.one(
    "select held from tally where policy = ? and agent = ? and subject = ? and what = 'open' and slot = 0",
    ...[who.policy, who.agent, who.subject],
  );
  return row === undefined ? 0 : integer(row, "held");
}

/** Counts some more; what is older than an hour is forgotten as a new minute begins. */
export function tally(sql: Sql, who: Counted, what: "tasks" | "records", count: number, nowMs: number): void {
  if (count === 0) return;
  const slot = slotOf(nowMs);
  if (add(sql, who, what, slot, count) !== count) return;
  sql.run(
    "delete from tally where policy = ? and agent = ? and subject = ? and what = ? and slot < ?",
    ...[who.policy, who.agent, who.subject, what, slot - HOUR_SLOTS],
  );
}

/** Counts tasks in and out of those that nobody has ended. */
export const countOpen = (sql: Sql, who: Counted, more: number): void => void add(sql, who, "open", 0, more);

function add(sql: Sql, who: Counted, what: Tallied, slot: number, more: number): number {
  const row = sql.one(
    `insert into tally (policy, agent, subject, what, slot, held) values (?, ?, ?, ?, ?, ?)
       on conflict do update set held = held + excluded.held returning held`,
    ...[who.policy, who.agent, who.subject, what, slot, more],
  );
  if (row === undefined) throw new Error("the tally was not written");
  return integer(row, "held");
}

const slotOf = (nowMs: number): number => Math.floor(nowMs / MINUTE_MS);

/** Tasks that nobody ended but whose time is over: past their hard end, or with a lease that nobody can wake. */
export const lapsedTasks = (sql: Sql, who: Counted, nowMs: number, dormantMs: number): readonly string[] =>
  sql
    .all(
      `select t.id from task t join grant_ g on g.task = t.id and g.parent is null
         where t.policy = ? and t.agent = ? and t.subject = ? and t.ended_ms is null and (t.ends_ms <= ? or g.lease_until_ms <= ?)`,
      ...[who.policy, who.agent, who.subject, nowMs, nowMs - dormantMs],
    )
    .map((row) => text(row, "id"));
