import type { DatabaseSync } from "node:sqlite";
import type { Refusal } from "@remit/core";
import { end } from "./end-verbs.ts";
import { beginTask, forgetExpired, renewGrant } from "./issue-verbs.ts";
import type { FeedWriter, LogWriter, SignedBatch } from "./ledger.ts";
import type { Lifetimes } from "./lifetimes.ts";
import {
  applyConfig,
  enrolPoint,
  offerBoot,
  offerStart,
  openSession,
  pointHello,
  principal,
  ship,
  spendBoot,
} from "./other-verbs.ts";
import type { Reserve } from "./reserve.ts";
import type { Sql } from "./rows.ts";
import type { NewRecord } from "./store.ts";
import { noteUnresolved, reserveUses, returnUses } from "./uses-verbs.ts";
import { Refused, type Writing } from "./verb.ts";

/** Verbs by name. Inputs come from `sqlite.ts` alone, whose methods give them their types. */
const VERBS = {
  beginTask,
  renew: renewGrant,
  end,
  principal,
  openSession,
  offerStart,
  offerBoot,
  spendBoot,
  enrolPoint,
  pointHello,
  reserveUses,
  returnUses,
  noteUnresolved,
  ship,
  applyConfig,
};

/** One verb to run; answered after the commit that holds its effect. */
export interface Ask {
  readonly id: number;
  readonly verb: keyof typeof VERBS | "record" | "nothing";
  readonly input: unknown;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly refusal: Refusal }
  | { readonly id: number; readonly fault: string };

/** What follows one commit: the answers, and the feed batch if anything was revoked. */
export interface Committed {
  readonly answers: readonly Answer[];
  readonly batch: SignedBatch | undefined;
  /** Whether something may have changed that is read often and changes seldom: names, points, suspensions. */
  readonly changesFew: boolean;
}

/** Verbs that change nothing of that. */
const PASSING: readonly Ask["verb"][] = [
  ...(["beginTask", "renew", "principal", "openSession", "offerStart", "offerBoot", "spendBoot"] as const),
  ...(["reserveUses", "returnUses", "noteUnresolved", "ship", "record", "nothing"] as const),
];

/** What a commit works with. */
export interface Desk {
  readonly db: DatabaseSync;
  readonly sql: Sql;
  readonly log: LogWriter;
  readonly feed: FeedWriter;
  readonly lifetimes: Lifetimes;
  readonly reserve: Reserve;
  /** Time of the last commit, which no later one is before, and when what has expired is forgotten next. */
  readonly clock: { lastMs: number; forgetMs: number };
}

const STEP_MS = 2_000;
const FORGET_EACH_MS = 1_000;

/**
 * Runs a group of verbs in one transaction; each has its own savepoint, and all are durable before any is answered.
 * On a full disk the reserve is given up, and from then on only ends are written, until the reserve is there again.
 */
export function commit(desk: Desk, group: readonly Ask[]): Committed {
  const { reserve } = desk;
  if (!reserve.held() && !reserve.refill(Date.now())) return commitEssential(desk, group);
  try {
    return attempt(desk, group);
  } catch (error) {
    if (!isFull(error)) return faults(group, messageOf(error));
    reserve.release();
    return commitEssential(desk, group);
  }
}

const FULL = "the disk is full; only ends and revocations are written";

function commitEssential(desk: Desk, group: readonly Ask[]): Committed {
  const [essential, others] = [
    group.filter((ask) => isEssential(ask)),
    faults(
      group.filter((ask) => !isEssential(ask)),
      FULL,
    ),
  ];
  if (essential.length === 0) return others;
  try {
    const done = attempt(desk, essential);
    return { ...done, answers: [...done.answers, ...others.answers] };
  } catch (error) {
    return faults(group, messageOf(error));
  }
}

/** What stops things, and what a broker that starts on a full disk needs for its points to hear of it. */
const ESSENTIAL: readonly Ask["verb"][] = ["end", "enrolPoint", "pointHello", "nothing"];
const isEssential = ({ verb }: Ask): boolean => ESSENTIAL.includes(verb);

const faults = (group: readonly Ask[], fault: string): Committed => ({
  answers: group.map(({ id }) => ({ id, fault })),
  batch: undefined,
  changesFew: true,
});

/**
 * One transaction, or nothing of it. Savepoints copy every page that a verb touches, and hardly a verb writes before it
 * refuses: so all run without, and only if one had written something is the group run again with a savepoint each.
 */
function attempt(desk: Desk, group: readonly Ask[]): Committed {
  try {
    return transact(desk, group, runBare);
  } catch (error) {
    if (!(error instanceof HadWritten)) throw error;
    return transact(desk, group, runApart);
  }
}

/** A verb wrote something before it refused or failed. */
class HadWritten extends Error {}

type Run = (desk: Desk, ask: Ask, nowMs: number) => Answer;

function transact(desk: Desk, group: readonly Ask[], run: Run): Committed {
  const { db, sql, log, feed, clock } = desk;
  const nowMs = Math.max(Date.now(), clock.lastMs);
  const undo = [log.mark(), feed.mark()];
  try {
    sql.run("begin immediate");
    if (nowMs >= clock.forgetMs) {
      forgetExpired(sql, nowMs);
      clock.forgetMs = nowMs + FORGET_EACH_MS;
    }
    const answers = group.map((ask) => run(desk, ask, nowMs));
    const batch = feed.settle(nowMs);
    log.settle(nowMs);
    sql.run("commit");
    clock.lastMs = nowMs;
    return { answers, batch, changesFew: group.some(({ verb }) => !PASSING.includes(verb)) };
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    for (const back of undo) back();
    throw error;
  }
}

const runBare: Run = (desk, ask, nowMs) => {
  const changes = (): unknown => desk.sql.one("select total_changes() as n")?.["n"];
  const before = changes();
  try {
    return { id: ask.id, value: runVerb(ask, writingOf(desk, nowMs)) };
  } catch (error) {
    if (isFull(error)) throw error;
    if (changes() !== before) throw new HadWritten();
    return noOf(ask, error);
  }
};

/** Runs one verb in a savepoint: a refusal or a fault leaves no trace of it. A full disk is everybody's fault. */
const runApart: Run = (desk, ask, nowMs) => {
  const { sql, log, feed } = desk;
  const undo = [log.mark(), feed.mark()];
  sql.run("savepoint verb");
  try {
    const value = runVerb(ask, writingOf(desk, nowMs));
    sql.run("release verb");
    return { id: ask.id, value };
  } catch (error) {
    if (isFull(error)) throw error;
    sql.run("rollback to verb");
    sql.run("release verb");
    for (const back of undo) back();
    return noOf(ask, error);
  }
};

const writingOf = ({ sql, log, feed, lifetimes, clock }: Desk, nowMs: number): Writing => ({
  sql,
  nowMs,
  lifetimes,
  issuingPaused: Date.now() < clock.lastMs - STEP_MS,
  record: (entry) => log.append(nowMs, entry),
  revoke: (id, beforeMs) => feed.revoke(id, nowMs, beforeMs),
});

const noOf = ({ id }: Ask, error: unknown): Answer =>
  error instanceof Refused ? { id, refusal: error.refusal } : { id, fault: messageOf(error) };

const IOERR = 10;
const SQLITE_FULL = 13;

/** Whether the disk took no more: no space, or a file that may not grow. */
const isFull = (error: unknown): boolean =>
  error instanceof Error &&
  "errcode" in error &&
  typeof error.errcode === "number" &&
  [SQLITE_FULL, IOERR].includes(error.errcode & 0xff);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "unknown fault");

function runVerb(ask: Ask, w: Writing): unknown {
  if (ask.verb === "nothing") return undefined;
  // sqlite.ts pairs each verb with the input that it declares
  if (ask.verb === "record") return w.record(ask.input as NewRecord);
  const run = VERBS[ask.verb] as (w: Writing, input: unknown) => unknown;
  return run(w, ask.input);
}
