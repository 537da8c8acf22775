import { isId, refuse } from "@remit/core";
import { grantOf } from "./grant-row.ts";
import { refuseDead } from "./standing.ts";
import { integer, text } from "./rows.ts";
import { type Counted, tally } from "./tally.ts";
import { newId, Refused, type Writing } from "./verb.ts";

const PATH = `with recursive up (id, parent) as (select id, parent from grant_ where id = ? union all select g.id, g.parent from grant_ g join up on g.id = up.parent)`;

/** Spends uses of a grant and of every grant above it, root first, all or nothing; for a grant that lives. */
export function reserveUses(
  w: Writing,
  spend: {
    readonly grant: string;
    readonly jti: string;
    readonly count: number;
    readonly point: string;
  },
): { readonly reservation: string; readonly granted: number } {
  if (!isId("tok", spend.jti)) throw new Refused(refuse("malformed_request", "the token has no id of ours"));
  const row = w.sql.one(
    `${PATH} select count(*) as depth, min(g.uses_left) as least,
       max(g.ended_ms is not null or t.ended_ms is not null or t.ends_ms <= ? or g.lease_until_ms <= ?) as over
       from up join grant_ g on g.id = up.id join task t on t.id = g.task`,
    ...[spend.grant, w.nowMs, w.nowMs],
  );
  if (row === undefined || integer(row, "depth") === 0 || integer(row, "over") !== 0)
    throw new Refused(refuse("task_ended", "the grant or its task has ended, or its lease has lapsed"));
  const grant = grantOf(w, spend.grant);
  refuseDead(w, [...grant.live, `key:${grant.jkt}`, spend.jti, spend.point], grant.createdMs);
  const least = row["least"];
  if (typeof least !== "number") return { reservation: newId("rsv", w.nowMs), granted: spend.count };
  const granted = Math.max(spend.count, least <= 16 ? 1 : Math.floor(least / 16));
  if (least < granted) throw new Refused(refuse("limit", `${least} uses are left`));
  w.sql.run(
    `${PATH} update grant_ set uses_left = uses_left - ? where id in (select id from up) and uses_left is not null`,
    ...[spend.grant, granted],
  );
  const reservation = newId("rsv", w.nowMs);
  w.sql.run("insert into reservation values (?, ?, ?, ?, null)", reservation, spend.grant, spend.point, granted);
  w.record({
    kind: "uses.reserve",
    decision: newId("dec", w.nowMs),
    ids: [grant.task, spend.grant, spend.jti, reservation, spend.point],
    body: { granted },
  });
  return { reservation, granted };
}

/** Gives back what a point did not use of a reservation; once, and only by the point that has it. */
export function returnUses(
  w: Writing,
  back: { readonly reservation: string; readonly unused: number; readonly point: string },
): undefined {
  const row = w.sql.one(
    "update reservation set returned = ? where id = ? and point = ? and returned is null and granted >= ? returning grant_id",
    ...[back.unused, back.reservation, back.point, back.unused],
  );
  if (row === undefined) throw new Refused(refuse("not_permitted", "no open reservation of this point"));
  const grant = text(row, "grant_id");
  w.sql.run(
    `${PATH} update grant_ set uses_left = uses_left + ? where id in (select id from up) and uses_left is not null`,
    ...[grant, back.unused],
  );
  w.record({
    kind: "uses.return",
    decision: newId("dec", w.nowMs),
    ids: [grantOf(w, grant).task, grant, back.reservation, back.point],
    body: { unused: back.unused },
  });
}

/** What was asked for under one policy by one agent for one subject, and counts as if it had been granted. */
export interface Unresolved extends Counted {
  readonly count: number;
}

/** Counts names that did not resolve against `records.per_hour`, so that guessing is as limited as asking. */
export function noteUnresolved(w: Writing, { count, ...who }: Unresolved): undefined {
  tally(w.sql, who, "records", count, w.nowMs);
}
