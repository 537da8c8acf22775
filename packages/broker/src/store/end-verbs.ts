import { refuse } from "@remit/core";
import { integer, maybeInteger, maybeText, text } from "./rows.ts";
import type { End, Ended } from "./store.ts";
import { type Counted, countOpen, lapsedTasks } from "./tally.ts";
import { newId, Refused, type Writing } from "./verb.ts";

/** Ends a task or a grant once, or revokes a lasting id for all that was made before now. Idempotent. */
export function end(w: Writing, ending: End): Ended {
  if (ending.id.startsWith("tsk_")) return endOnce(w, ending, "task");
  if (ending.id.startsWith("grn_")) return endGrant(w, ending);
  if (ending.suspend) w.sql.run("insert into suspended values (?, ?) on conflict do nothing", ending.id, w.nowMs);
  const lasting = !/^(?:tok|lnk)_/.test(ending.id);
  const { n } = w.revoke(ending.id, lasting ? w.nowMs : undefined);
  note(w, ending, n, [ending.id]);
  return { id: ending.id, endedMs: w.nowMs, n, known: isKnown(w, ending.id) };
}

const PRINCIPAL = "select 1 as there from principal where id = ?";

/** Where an id of each kind would be; of tokens and keys there is no list. */
const NAMED = "select 1 as there from named where id = ?";
const PLACES: Readonly<Record<string, string>> = {
  ...{ cli: NAMED, agt: NAMED, pol: NAMED, cnr: NAMED, iss: NAMED },
  usr: PRINCIPAL,
  wl: PRINCIPAL,
  pnt: "select 1 as there from point where id = ?",
  cnx: "select 1 as there from point p, json_each(p.connections) c where c.value ->> 'id' = ?",
};

function isKnown(w: Writing, id: string): boolean {
  const [kind = ""] = id.split("_");
  const place = Object.hasOwn(PLACES, kind) ? PLACES[kind] : undefined;
  return place === undefined || w.sql.one(place, id) !== undefined;
}

/** A root grant is its task: ending it ends the task. */
function endGrant(w: Writing, ending: End): Ended {
  const row = w.sql.one("select task, parent from grant_ where id = ?", ending.id);
  if (row === undefined) throw unknown(ending.id);
  if (maybeText(row, "parent") === undefined) return endOnce(w, { ...ending, id: text(row, "task") }, "task");
  return endOnce(w, ending, "grant_");
}

function endOnce(w: Writing, ending: End, table: "task" | "grant_"): Ended {
  const row = w.sql.one(`select * from ${table} where id = ?`, ending.id);
  if (row === undefined) throw unknown(ending.id);
  const before = maybeInteger(row, "ended_ms");
  if (before !== undefined) return { id: ending.id, endedMs: before, n: integer(row, "ended_n"), known: true };
  const { n } = w.revoke(ending.id, undefined);
  w.sql.run(`update ${table} set ended_ms = ?, ended_n = ? where id = ?`, w.nowMs, n, ending.id);
  if (table === "task") {
    w.sql.run("update task set how = ? where id = ?", ending.how, ending.id);
    countOpen(w.sql, { policy: text(row, "policy"), agent: text(row, "agent"), subject: text(row, "subject") }, -1);
  }
  const grants = w.sql
    .all("select id from grant_ where task = ? or id = ?", ending.id, ending.id)
    .map((grant) => text(grant, "id"));
  note(w, ending, n, [ending.id, ...grants]);
  return { id: ending.id, endedMs: w.nowMs, n, known: true };
}

/**
 * Writes down the end of tasks whose time is over and that nobody ended: past their hard end, or with a lease that
 * cannot be woken any more. Everything under them is dead already, so the feed has nothing to say.
 */
export function endLapsed(w: Writing, who: Counted): void {
  const ids = lapsedTasks(w.sql, who, w.nowMs, w.lifetimes.dormantMs);
  if (ids.length === 0) return;
  const head = w.sql.one("select n from feed_head");
  if (head === undefined) throw new Error("the feed has no head");
  const n = integer(head, "n");
  for (const id of ids) {
    w.sql.run("update task set ended_ms = ?, ended_n = ?, how = 'lapsed' where id = ?", w.nowMs, n, id);
    const body = { how: "lapsed", by: "", reason: "", n, suspended: false };
    w.record({ kind: "end", decision: newId("dec", w.nowMs), ids: [id], body });
  }
  countOpen(w.sql, who, -ids.length);
}

const unknown = (id: string): Refused => new Refused(refuse("grant_unknown", `\`${id}\` is not known`));

function note(w: Writing, ending: End, n: number, ids: readonly string[]): void {
  const body = {
    how: ending.how,
    by: ending.by,
    reason: ending.reason ?? "",
    n,
    suspended: ending.suspend,
  };
  w.record({ kind: "end", decision: ending.decision, ids, body });
}
