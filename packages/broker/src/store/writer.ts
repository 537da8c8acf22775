import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { Refusal } from "@remit/core";
import { end } from "./end-verbs.ts";
import { createFeedWriter, createLogWriter, type FeedWriter, type LogWriter, type SignedBatch } from "./ledger.ts";
import { beginTask, renewGrant } from "./issue-verbs.ts";
import type { Lifetimes } from "./lifetimes.ts";
import { openWriter } from "./open.ts";
import {
  applyConfig,
  enrolPoint,
  offerBoot,
  offerStart,
  openSession,
  pointHello,
  principal,
  reserveUses,
  returnUses,
  ship,
  spendBoot,
} from "./other-verbs.ts";
import { type Sql, sqlOf } from "./rows.ts";
import type { NewRecord } from "./store.ts";
import { Refused, type Writing } from "./verb.ts";

/** What the main thread gives the writer at its start. The feed's key lives in this thread only. */
export interface WriterData {
  readonly data: string;
  readonly lifetimes: Lifetimes;
  readonly feedKeyPem: string;
  readonly feedKid: string;
}

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
}

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
  ship,
  applyConfig,
};

const STEP_MS = 2_000;
const MAX_GROUP = 256;

function startWriter(given: WriterData, port: NonNullable<typeof parentPort>): void {
  const db = openWriter(given.data);
  const sql = sqlOf(db);
  const log = createLogWriter(sql);
  const { lifetimes, feedKeyPem: keyPem, feedKid: kid } = given;
  const feed = createFeedWriter(sql, { keyPem, kid, tokenMs: lifetimes.tokenMs });
  const queue: Ask[] = [];
  const clock = { lastMs: log.lastMs };
  const drain = (): void => {
    const group = queue.splice(0, MAX_GROUP);
    if (group.length > 0) port.postMessage(commit({ db, sql, log, feed, lifetimes, clock }, group));
    if (queue.length > 0) setImmediate(drain);
  };
  port.on("message", (ask: Ask | "close") => {
    if (ask !== "close") {
      if (queue.push(ask) === 1) setImmediate(drain);
      return;
    }
    while (queue.length > 0) drain();
    db.close();
    port.close();
  });
  port.postMessage("ready");
}

interface Desk {
  readonly db: DatabaseSync;
  readonly sql: Sql;
  readonly log: LogWriter;
  readonly feed: FeedWriter;
  readonly lifetimes: Lifetimes;
  /** Time of the last commit, which no later one is before. */
  readonly clock: { lastMs: number };
}

/** Runs a group of verbs in one transaction; each has its own savepoint, and all are durable before any is answered. */
function commit(desk: Desk, group: readonly Ask[]): Committed {
  const { db, log, feed, clock } = desk;
  const nowMs = Math.max(Date.now(), clock.lastMs);
  const undo = [log.mark(), feed.mark()];
  try {
    db.exec("begin immediate");
    const answers = group.map((ask) => runOne(desk, ask, nowMs));
    const batch = feed.settle(nowMs);
    log.settle(nowMs);
    db.exec("commit");
    clock.lastMs = nowMs;
    return { answers, batch };
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    for (const back of undo) back();
    const fault = messageOf(error);
    return { answers: group.map(({ id }) => ({ id, fault })), batch: undefined };
  }
}

/** Runs one verb in a savepoint: a refusal or a fault leaves no trace of it. */
function runOne({ db, sql, log, feed, lifetimes, clock }: Desk, ask: Ask, nowMs: number): Answer {
  const undo = [log.mark(), feed.mark()];
  db.exec("savepoint verb");
  try {
    const value = runVerb(ask, {
      sql,
      nowMs,
      lifetimes,
      issuingPaused: Date.now() < clock.lastMs - STEP_MS,
      record: (entry) => log.append(nowMs, entry),
      revoke: (id, beforeMs) => feed.revoke(id, nowMs, beforeMs),
    });
    db.exec("release verb");
    return { id: ask.id, value };
  } catch (error) {
    db.exec("rollback to verb; release verb");
    for (const back of undo) back();
    return error instanceof Refused ? { id: ask.id, refusal: error.refusal } : { id: ask.id, fault: messageOf(error) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "unknown fault");

function runVerb(ask: Ask, w: Writing): unknown {
  if (ask.verb === "nothing") return undefined;
  // sqlite.ts pairs each verb with the input that it declares
  if (ask.verb === "record") return w.record(ask.input as NewRecord);
  const run = VERBS[ask.verb] as (w: Writing, input: unknown) => unknown;
  return run(w, ask.input);
}

// workerData is what sqlite.ts passed: our own type through a structured clone
if (parentPort !== null) startWriter(workerData as WriterData, parentPort);
