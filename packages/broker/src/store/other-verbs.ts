import { appendLeaf, equalBytes, leafHash, refuse, readRecordLine, rootOf, utf8 } from "@remit/core";
import { spendOnce } from "./issue-verbs.ts";
import { frontierOf, peaksOf, sha256 } from "./frontier.ts";
import { integer, maybeText, type Row, text } from "./rows.ts";
import type { AppliedConfig, ExternalIdentity, NewPoint, NewSession, NewStart, PointHello, PointRow } from "./store.ts";
import { refuseDead } from "./standing.ts";
import { newId, Refused, type Writing } from "./verb.ts";

/** Finds or makes the id of an external identity. */
export function principal(w: Writing, identity: ExternalIdentity): string {
  const held = w.sql.one(
    "select id from principal where issuer = ? and subject = ?",
    identity.issuer,
    identity.subject,
  );
  if (held !== undefined) return text(held, "id");
  const id = newId(identity.kind, w.nowMs);
  w.sql.run("insert into principal values (?, ?, ?, ?)", id, identity.kind, identity.issuer, identity.subject);
  return id;
}

export function openSession(w: Writing, session: NewSession): { readonly expiresMs: number } {
  // a person who was suspended, or a key that was revoked, does not come back by logging in again
  refuseDead(w, [session.subject, `key:${session.jkt}`], w.nowMs);
  spendOnce(w, { ...session.once, times: 1 });
  const expiresMs = w.nowMs + session.ttlMs;
  w.sql.run(
    `insert into session (hash, subject, jkt, issuer_name, claims, expires_ms, created_ms) values (?, ?, ?, ?, ?, ?, ?)`,
    session.hash,
    session.subject,
    session.jkt,
    session.issuerName,
    session.claims,
    expiresMs,
    w.nowMs,
  );
  w.record({
    kind: "session.open",
    decision: newId("dec", w.nowMs),
    ids: [session.subject],
    body: { jkt: session.jkt, issuer: session.issuerName, expires: expiresMs },
  });
  return { expiresMs };
}

export function offerStart(w: Writing, start: NewStart): { readonly expiresMs: number } {
  const expiresMs = w.nowMs + start.ttlMs;
  w.sql.run(
    "insert into start values (?, ?, ?, ?, ?, ?, null)",
    start.hash,
    start.session,
    start.subject,
    start.jkt,
    start.request,
    expiresMs,
  );
  w.record({
    kind: "start.offer",
    decision: newId("dec", w.nowMs),
    ids: [start.subject],
    body: { jkt: start.jkt, expires: expiresMs },
  });
  return { expiresMs };
}

export function offerBoot(
  w: Writing,
  boot: {
    readonly hash: string;
    readonly purpose: string;
    readonly ttlMs: number;
    readonly by: string;
  },
): undefined {
  w.sql.run("insert into boot values (?, ?, ?, null)", boot.hash, boot.purpose, w.nowMs + boot.ttlMs);
  w.record({
    kind: "boot.offer",
    decision: newId("dec", w.nowMs),
    ids: [],
    body: { purpose: boot.purpose, by: boot.by },
  });
}

export function spendBoot(
  w: Writing,
  spend: { readonly hash: string; readonly purposes: readonly string[]; readonly spender: string },
): undefined {
  const spent = w.sql.run(
    `update boot set used_by = ? where hash = ? and purpose in (select value from json_each(?))
       and used_by is null and expires_ms > ?`,
    ...[spend.spender, spend.hash, JSON.stringify(spend.purposes), w.nowMs],
  );
  if (spent !== 1)
    throw new Refused(refuse("handle_invalid", "the handle is unknown, expired, used, or for something else"));
  w.record({
    kind: "boot.spend",
    decision: newId("dec", w.nowMs),
    ids: [],
    body: { purpose: spend.purposes[0] ?? "", by: spend.spender },
  });
}

export function enrolPoint(w: Writing, point: NewPoint): PointRow {
  const held = w.sql.one(`${POINTS} where p.name = ?`, point.name);
  const id = held === undefined ? newId("pnt", w.nowMs) : text(held, "id");
  const serves = JSON.stringify(point.serves);
  const same =
    held !== undefined &&
    text(held, "key") === point.key &&
    text(held, "serves") === serves &&
    text(held, "may") === JSON.stringify(point.may);
  // a revoked point comes back by another key, or by a handle that somebody gave it for that
  if (!same || (point.by === "boot handle" && !pointRow(held).live)) {
    w.sql.run(
      `insert into point (id, name, key, serves, may, enrolled_ms) values (?, ?, ?, ?, ?, ?) on conflict (name) do update
         set key = excluded.key, serves = excluded.serves, may = excluded.may, enrolled_ms = excluded.enrolled_ms`,
      ...[id, point.name, point.key, serves, JSON.stringify(point.may), w.nowMs + 1],
    );
    w.record({
      kind: "point.enrol",
      decision: newId("dec", w.nowMs),
      ids: [id],
      body: { name: point.name, key: point.key, by: point.by },
    });
  }
  const row = w.sql.one(`${POINTS} where p.id = ?`, id);
  if (row === undefined) throw new Error("the point that was just written is not there");
  return pointRow(row);
}

/** Points, with whether each is dead: suspended, or revoked since it was enrolled. */
export const POINTS = `select p.*, exists (select 1 from suspended s where s.id = p.id)
  or exists (select 1 from revocation r where r.id = p.id and (r.before_ms is null or r.before_ms >= p.enrolled_ms)) as dead from point p`;

export function pointRow(row: Row): PointRow {
  const serves: unknown = JSON.parse(text(row, "serves"));
  return {
    point: text(row, "id"),
    name: text(row, "name"),
    key: text(row, "key"),
    serves: Array.isArray(serves) ? serves.map(String) : "connected",
    may: textList(text(row, "may")),
    logKey: maybeText(row, "log_key"),
    live: integer(row, "dead") === 0,
  };
}

const textList = (json: string): readonly string[] => {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.map(String) : [];
};

/** A point's log key is taken once; another one later is refused, because it would be another log. */
export function pointHello(
  w: Writing,
  { point, hello }: { readonly point: string; readonly hello: PointHello },
): undefined {
  const connections = JSON.stringify(hello.connections);
  const row = w.sql.one("select base, connections, log_key from point where id = ?", point);
  const held = row === undefined ? undefined : maybeText(row, "log_key");
  if (row === undefined || (held !== undefined && hello.logKey !== undefined && held !== hello.logKey))
    throw new Refused(refuse("not_permitted", "the point names another log key than before"));
  const logKey = held ?? hello.logKey;
  if (maybeText(row, "base") === hello.base && maybeText(row, "connections") === connections && held === logKey) return;
  w.sql.run(
    "update point set base = ?, connections = ?, log_key = ? where id = ?",
    ...[hello.base, connections, logKey ?? null, point],
  );
  w.record({
    kind: "point.hello",
    decision: newId("dec", w.nowMs),
    ids: [point, ...hello.connections.map(({ id }) => id)],
    body: { base: hello.base, log_key: logKey ?? "" },
  });
}

/** Takes the next lines of a point's log if they continue what is held and match the signed root. */
export function ship(
  w: Writing,
  batch: {
    readonly point: string;
    readonly from: number;
    readonly lines: readonly string[];
    readonly checkpoint: string;
    readonly size: number;
    readonly root: Uint8Array;
  },
): { readonly size: number; readonly taken: boolean } {
  const held = w.sql.one("select size, peaks from shipped_head where point = ?", batch.point);
  let frontier = held === undefined ? { size: 0, peaks: [] } : frontierOf(held);
  if (batch.from !== frontier.size || batch.size !== batch.from + batch.lines.length)
    return { size: frontier.size, taken: false };
  for (const line of batch.lines) {
    const record = readRecordLine(line);
    if (record === undefined || record.n !== frontier.size)
      throw new Refused(refuse("malformed_request", "a line is not the next record"));
    const task = record.ids.find((id) => id.startsWith("tsk_")) ?? null;
    w.sql.run("insert into shipped values (?, ?, ?, ?, ?)", batch.point, record.n, record.decision, task, line);
    frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
  }
  if (!equalBytes(rootOf(frontier, sha256), batch.root))
    throw new Refused(refuse("malformed_request", "the lines do not have the signed root"));
  w.sql.run(
    "insert into shipped_head values (?, ?, ?, ?) on conflict (point) do update set size = excluded.size, peaks = excluded.peaks, checkpoint = excluded.checkpoint",
    ...[batch.point, frontier.size, peaksOf(frontier), batch.checkpoint],
  );
  return { size: frontier.size, taken: true };
}

/** Gives every configured name its lasting id, and ends what the configuration no longer holds or holds otherwise. */
export function applyConfig(w: Writing, config: AppliedConfig): undefined {
  const held = new Map(
    w.sql
      .all("select kind, name, id, digest from named")
      .map((row) => [`${text(row, "kind")} ${text(row, "name")}`, row]),
  );
  const changed: string[] = [];
  for (const { kind, name, digest } of config.names) {
    const row = held.get(`${kind} ${name}`);
    held.delete(`${kind} ${name}`);
    if (row === undefined) w.sql.run("insert into named values (?, ?, ?, ?)", kind, name, newId(kind, w.nowMs), digest);
    if (row === undefined || text(row, "digest") === digest) continue;
    w.sql.run("update named set digest = ? where kind = ? and name = ?", digest, kind, name);
    changed.push(text(row, "id"));
  }
  const gone = [...held.values()].map((row) => text(row, "id"));
  for (const id of [...changed, ...gone]) w.revoke(id, w.nowMs);
  for (const id of gone) {
    w.sql.run("insert into suspended values (?, ?) on conflict do nothing", id, w.nowMs);
    // a name that comes back is another thing, with an id of its own
    w.sql.run("delete from named where id = ?", id);
  }
  w.sql.run(
    "insert into config values (?, ?, ?, ?, ?) on conflict (digest) do update set applied_ms = excluded.applied_ms",
    config.digest,
    w.nowMs,
    JSON.stringify(config.files),
    JSON.stringify(config.names),
    config.by,
  );
  w.record({
    kind: "config.apply",
    decision: newId("dec", w.nowMs),
    ids: [...changed, ...gone],
    body: { digest: config.digest, by: config.by },
  });
}
