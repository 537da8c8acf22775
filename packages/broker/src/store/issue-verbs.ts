import type { JsonObject } from "@remit/core";
import { GRANT_COLUMNS, grantOf, grantRow } from "./grant-row.ts";
import { type Sql, text } from "./rows.ts";
import { countOpen, tally } from "./tally.ts";
import { no, refuseDead, refuseOverLimit } from "./standing.ts";
import type { GrantRow, Issued, NewTask, Renewal, Retry } from "./store.ts";
import { newId, type Writing } from "./verb.ts";

const RETRY_MS = 60_000;

/** Begins a task with its root grant; see the port for what is promised. */
export function beginTask(w: Writing, task: NewTask): Issued {
  if (w.issuingPaused) no("issuing_paused", "the clock stands before the last record");
  const again = task.retry === undefined ? undefined : retried(w, task.retry);
  if (again !== undefined) return issueAgain(w, again, task);
  if (task.start !== undefined) redeemStart(w, task.start);
  refuseDead(w, [...task.live, `key:${task.jkt}`], w.nowMs);
  for (const once of task.once) spendOnce(w, once);
  refuseOverLimit(w, task);
  const id = newId("tsk", w.nowMs);
  const grant = newId("grn", w.nowMs);
  const endsMs = w.nowMs + task.durationMs;
  const leaseUntilMs = Math.min(w.nowMs + w.lifetimes.leaseMs, endsMs);
  const live = [id, grant, ...task.live];
  w.sql.run(
    "insert into task (id, subject, agent, client, policy, purpose, created_ms, ends_ms) values (?, ?, ?, ?, ?, ?, ?, ?)",
    ...[id, task.subject, task.agent, task.client, task.policy, task.purpose ?? null, w.nowMs, endsMs],
  );
  w.sql.run(
    `insert into grant_ (id, task, jkt, client_name, policy_name, resource, connector, connection, live, depth_left, authority, uses_left, lease_until_ms, created_ms)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[grant, id, task.jkt, task.clientName, task.policyName, task.resource, task.connector, task.connection],
    ...[JSON.stringify(live), task.depthLeft, task.authority, task.uses ?? null, leaseUntilMs, w.nowMs],
  );
  countOpen(w.sql, task, 1);
  tally(w.sql, task, "tasks", 1, w.nowMs);
  tally(w.sql, task, "records", task.records.length, w.nowMs);
  if (task.retry !== undefined) keepForRetry(w, task.retry, grant);
  return issued(w, rowOf(task, { task: id, grant, live, leaseUntilMs, taskEndsMs: endsMs, createdMs: w.nowMs }), {
    kind: "task.begin",
    decision: task.decision,
    body: { purpose: task.purpose ?? "", records: task.records, ends: endsMs },
  });
}

/** The grant as it was just written. */
const rowOf = (
  task: NewTask,
  made: Pick<GrantRow, "task" | "grant" | "live" | "leaseUntilMs" | "taskEndsMs" | "createdMs">,
): GrantRow => ({
  ...made,
  parent: undefined,
  subject: task.subject,
  subjectIdentity: task.subjectIdentity,
  agent: task.agent,
  client: task.client,
  clientName: task.clientName,
  policy: task.policy,
  policyName: task.policyName,
  resource: task.resource,
  connector: task.connector,
  connection: task.connection,
  jkt: task.jkt,
  depthLeft: task.depthLeft,
  authority: task.authority,
  usesLeft: task.uses,
  endedMs: undefined,
  purpose: task.purpose,
});

function keepForRetry(w: Writing, { untilMs, key, digest }: Retry, grant: string): void {
  w.sql.run(
    "insert into retry values (?, ?, ?, ?, ?) on conflict do update set digest = excluded.digest, grant_id = excluded.grant_id, at_ms = excluded.at_ms",
    ...[untilMs, key, digest, grant, w.nowMs],
  );
}

/** Forgets what nobody can use any more, because what it is about has expired. */
export function forgetExpired(sql: Sql, nowMs: number): void {
  sql.run("delete from once where expires_ms <= ?", nowMs);
  sql.run("delete from retry where until_ms <= ?", nowMs);
}

/** Renews a lease for its holder's key, and with it the right to a new token. */
export function renewGrant(w: Writing, renewal: Renewal): Issued {
  if (w.issuingPaused) no("issuing_paused", "the clock stands before the last record");
  const row = w.sql.one(`select ${GRANT_COLUMNS} where g.id = ? and g.jkt = ?`, renewal.grant, renewal.jkt);
  if (row === undefined) return no("grant_unknown", "no grant of this id is held by this key");
  const grant = grantRow(row);
  if (grant.endedMs !== undefined || grant.taskEndsMs <= w.nowMs) no("task_ended", "the grant or its task has ended");
  refuseDead(w, [...grant.live, `key:${grant.jkt}`, ...renewal.alsoLive], grant.createdMs);
  if (grant.leaseUntilMs <= w.nowMs) {
    if (grant.leaseUntilMs + w.lifetimes.dormantMs <= w.nowMs)
      no("task_ended", "the lease lapsed and was not woken in time");
    if (renewal.wake !== true) no("lease_lapsed", "the lease has lapsed; policy is to be asked again");
  }
  const leaseUntilMs = Math.min(w.nowMs + w.lifetimes.leaseMs, grant.taskEndsMs);
  w.sql.run("update grant_ set lease_until_ms = ? where id = ?", leaseUntilMs, grant.grant);
  return issued(
    w,
    { ...grant, leaseUntilMs },
    { kind: "grant.renew", decision: renewal.decision, body: { woken: renewal.wake === true } },
  );
}

interface IssueRecord {
  readonly kind: "task.begin" | "grant.renew";
  readonly decision: string;
  readonly body: JsonObject;
}

function issued(w: Writing, row: GrantRow, record: IssueRecord, again: boolean = false): Issued {
  const jti = newId("tok", w.nowMs);
  const tokenExpiresMs = Math.min(w.nowMs + w.lifetimes.tokenMs, row.leaseUntilMs, row.taskEndsMs);
  w.record({
    kind: record.kind,
    decision: record.decision,
    ids: [row.task, row.grant, jti, row.subject, row.agent, row.client, row.policy, row.connection],
    body: {
      ...record.body,
      resource: row.resource,
      authority: row.authority,
      jkt: row.jkt,
      lease_until: row.leaseUntilMs,
      token_expires: tokenExpiresMs,
      again,
    },
  });
  return {
    jti,
    task: row.task,
    grant: row.grant,
    issuedMs: w.nowMs,
    tokenExpiresMs,
    leaseUntilMs: row.leaseUntilMs,
    taskEndsMs: row.taskEndsMs,
    row,
    again,
  };
}

function retried(w: Writing, { untilMs, key, digest }: Retry): string | undefined {
  const row = w.sql.one(
    "select grant_id from retry where until_ms = ? and key = ? and digest = ? and at_ms > ?",
    ...[untilMs, key, digest, w.nowMs - RETRY_MS],
  );
  return row === undefined ? undefined : text(row, "grant_id");
}

/** The answer to a retry: the same task, if it still lives, under the same conditions as a renewal. */
function issueAgain(w: Writing, grant: string, task: NewTask): Issued {
  const row = grantOf(w, grant);
  if (row.jkt !== task.jkt) no("grant_unknown", "the first answer went to another key");
  if (row.endedMs !== undefined || row.taskEndsMs <= w.nowMs)
    no("task_ended", "the task of the first answer has ended");
  if (row.leaseUntilMs <= w.nowMs) no("lease_lapsed", "the lease of the first answer has lapsed; renew it");
  refuseDead(w, [...row.live, `key:${row.jkt}`], row.createdMs);
  return issued(w, row, { kind: "grant.renew", decision: task.decision, body: { woken: false } }, true);
}

function redeemStart(w: Writing, hash: string): void {
  const spent = w.sql.run(
    "update start set used_ms = ? where hash = ? and used_ms is null and expires_ms > ?",
    w.nowMs,
    hash,
    w.nowMs,
  );
  if (spent !== 1) no("handle_invalid", "the start handle is unknown, expired or used");
}

/** Spends what may be used once, or as often as its issuer's profile says. */
export function spendOnce(
  w: Writing,
  once: { readonly key: string; readonly expiresMs: number; readonly times: number },
): void {
  const spent = w.sql.run(
    "insert into once (expires_ms, key, used) values (?, ?, 1) on conflict do update set used = used + 1 where used < ?",
    ...[once.expiresMs, once.key, once.times],
  );
  if (spent !== 1)
    no(
      once.key.startsWith("assertion:") ? "client_assertion_invalid" : "subject_token_used",
      `\`${once.key}\` was used before`,
    );
}
