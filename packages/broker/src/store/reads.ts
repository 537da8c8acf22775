import type { DatabaseSync } from "node:sqlite";
import { GRANT_COLUMNS, grantRow } from "./grant-row.ts";
import { pointRow, POINTS } from "./other-verbs.ts";
import { integer, maybeInteger, type Row, type Sql, sqlOf, text } from "./rows.ts";
import type { AppliedConfig, Reads } from "./store.ts";
import { withinHour } from "./tally.ts";

/** Reads on a connection of their own; they see every commit that was answered. */
export function readsOf(db: DatabaseSync): Reads {
  const sql = sqlOf(db);
  return { ...grantReads(sql), ...sessionReads(sql), ...feedReads(sql), ...logReads(sql) };
}

type Part<Names extends keyof Reads> = Pick<Reads, Names>;

const lines = (rows: readonly Row[]): readonly string[] => rows.map((row) => text(row, "line"));

/** Of a JSON list of ids, those that are suspended, or revoked for something issued at a second. */
const DEAD = `from json_each(?) i where exists (select 1 from suspended s where s.id = i.value)
  or exists (select 1 from revocation r where r.id in (i.value, 'all') and (r.before_ms is null or r.before_ms / 1000 >= ?))`;

const grantReads = (sql: Sql): Part<"grant" | "stillLives" | "task" | "tasks" | "recordsWithinHour"> => ({
  recordsWithinHour: (who, nowMs) => withinHour(sql, who, "records", nowMs),
  grant: (id) => map(sql.one(`select ${GRANT_COLUMNS} where g.id = ?`, id), grantRow),
  stillLives: ({ grant, ids, issuedSeconds }, nowMs) =>
    sql.one(
      `select 1 as there from grant_ g join task t on t.id = g.task
         where g.id = ? and g.ended_ms is null and t.ended_ms is null and g.lease_until_ms > ? and t.ends_ms > ?
           and not exists (select 1 ${DEAD})`,
      ...[grant, nowMs, nowMs, JSON.stringify(ids), issuedSeconds],
    ) !== undefined,
  task: (id) => sql.all(`select ${GRANT_COLUMNS} where g.task = ? order by g.id`, id).map(grantRow),
  tasks: ({ subject, limit }) =>
    sql
      .all(
        `select ${GRANT_COLUMNS} where g.parent is null and (? is null or t.subject = ?) order by g.id desc limit ?`,
        subject ?? null,
        subject ?? null,
        limit,
      )
      .map(grantRow),
});

const sessionReads = (sql: Sql): Part<"session" | "start" | "identity" | "name" | "points" | "appliedConfig"> => ({
  session: (hash) =>
    map(
      sql.one(
        "select s.*, p.kind, p.issuer, p.subject as external_subject from session s join principal p on p.id = s.subject where s.hash = ? and s.ended_ms is null",
        hash,
      ),
      (row) => ({
        subject: text(row, "subject"),
        identity: {
          kind: text(row, "kind") === "wl" ? "wl" : "usr",
          issuer: text(row, "issuer"),
          subject: text(row, "external_subject"),
        },
        jkt: text(row, "jkt"),
        issuerName: text(row, "issuer_name"),
        claims: text(row, "claims"),
        expiresMs: integer(row, "expires_ms"),
        createdMs: integer(row, "created_ms"),
      }),
    ),
  start: (hash) =>
    map(sql.one("select * from start where hash = ? and used_ms is null", hash), (row) => ({
      request: text(row, "request"),
      subject: text(row, "subject"),
      jkt: text(row, "jkt"),
      session: text(row, "session"),
      expiresMs: integer(row, "expires_ms"),
    })),
  identity: (id) =>
    map(sql.one("select * from principal where id = ?", id), (row) => ({
      kind: text(row, "kind") === "wl" ? "wl" : "usr",
      issuer: text(row, "issuer"),
      subject: text(row, "subject"),
    })),
  name: (kind, name) =>
    map(sql.one("select id from named where kind = ? and name = ?", kind, name), (row) => text(row, "id")),
  points: () => sql.all(`${POINTS} order by p.id`).map(pointRow),
  appliedConfig: () => map(sql.one("select * from config order by applied_ms desc limit 1"), configRow),
});

const feedReads = (
  sql: Sql,
): Part<"position" | "revocationsAfter" | "batchesAfter" | "feedHead" | "dead" | "suspendedIds"> => ({
  suspendedIds: () => new Set(sql.all("select id from suspended").map((row) => text(row, "id"))),
  position: () => {
    const { epoch, n } = feedHead(sql);
    return { epoch, n };
  },
  revocationsAfter: (n, limit) =>
    sql.all("select * from revocation where n > ? order by n limit ?", n, limit).map(revocation),
  batchesAfter: (n, limit) =>
    sql
      .all("select jws, to_n from feed_batch where to_n > ? order by to_n limit ?", n, limit)
      .map((row) => ({ to: integer(row, "to_n"), jws: text(row, "jws") })),
  feedHead: () => feedHead(sql),
  dead: (ids, issuedSeconds) =>
    sql.all(`select i.value as id ${DEAD}`, JSON.stringify(ids), issuedSeconds).map((row) => text(row, "id")),
});

function feedHead(sql: Sql): { readonly epoch: number; readonly n: number; readonly head: string } {
  const row = sql.one("select epoch, n, head from feed_head");
  if (row === undefined) throw new Error("the feed has no head");
  return { epoch: integer(row, "epoch"), n: integer(row, "n"), head: text(row, "head") };
}

const logReads = (sql: Sql): Part<"records" | "lastRecordMs" | "logHead" | "shipped" | "shippedHead" | "mentions"> => ({
  records: (from, limit) => lines(sql.all("select line from log where n >= ? order by n limit ?", from, limit)),
  lastRecordMs: () => map(sql.one("select at_ms from log_head"), (row) => integer(row, "at_ms")) ?? 0,
  logHead: () => {
    const row = sql.one("select size, peaks from log_head");
    if (row === undefined) throw new Error("the log has no head");
    return row;
  },
  shipped: (point, from, limit) =>
    lines(sql.all("select line from shipped where point = ? and n >= ? order by n limit ?", point, from, limit)),
  shippedHead: (point) =>
    map(sql.one("select size, checkpoint from shipped_head where point = ?", point), (row) => ({
      size: integer(row, "size"),
      checkpoint: text(row, "checkpoint"),
    })),
  mentions: (id) => mentions(sql, id),
});

const map = <T>(row: Row | undefined, read: (row: Row) => T): T | undefined =>
  row === undefined ? undefined : read(row);

const revocation = (row: Row): { n: number; id: string; before?: number; forget: number } => {
  const before = maybeInteger(row, "before_ms");
  return {
    n: integer(row, "n"),
    id: text(row, "id"),
    ...(before === undefined ? {} : { before: Math.floor(before / 1000) }),
    forget: integer(row, "forget"),
  };
};

/** A trail is the trail of a task: a grant or a decision is looked up first. */
function mentions(
  sql: ReturnType<typeof sqlOf>,
  id: string,
): readonly { readonly log: string; readonly line: string }[] {
  const grant = id.startsWith("grn_") ? sql.one("select task from grant_ where id = ?", id) : undefined;
  const decision = id.startsWith("dec_")
    ? sql.one(
        "select task from log where decision = ? union select task from shipped where decision = ? order by task desc limit 1",
        id,
        id,
      )
    : undefined;
  const found = grant ?? decision;
  const task = found === undefined || found["task"] === null ? id : text(found, "task");
  const own = sql.all("select 'broker' as log, line, at_ms as at from log where task = ? order by n", task);
  const theirs = sql.all(
    "select p.name as log, s.line from shipped s join point p on p.id = s.point where s.task = ? order by s.point, s.n",
    task,
  );
  return [...own, ...theirs].map((row) => ({ log: text(row, "log"), line: text(row, "line") }));
}

function configRow(row: Row): AppliedConfig {
  // both columns hold what applyConfig wrote
  return {
    digest: text(row, "digest"),
    files: JSON.parse(text(row, "files")) as AppliedConfig["files"],
    names: JSON.parse(text(row, "names")) as AppliedConfig["names"],
    by: text(row, "by"),
  };
}
