import { createPrivateKey, hash, type KeyObject, sign } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import {
  appendLeaf,
  type Frontier,
  type Json,
  leafHash,
  readJson,
  recordLine,
  type Refusal,
  signJws,
  utf8,
} from "@remit/core";
import { end } from "./end-verbs.ts";
import { frontierOf, peaksOf, sha256 } from "./frontier.ts";
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
import { integer, sqlOf, text } from "./rows.ts";
import type { NewRecord, RevocationItem } from "./store.ts";
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
  readonly batch:
    | {
        readonly jws: string;
        readonly epoch: number;
        readonly from: number;
        readonly to: number;
        readonly items: readonly RevocationItem[];
      }
    | undefined;
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

const SLACK_SECONDS = 60;
const STEP_MS = 2_000;
const MAX_GROUP = 256;

function startWriter(given: WriterData, port: NonNullable<typeof parentPort>): void {
  const db = openWriter(given.data);
  const sql = sqlOf(db);
  const feedKey = createPrivateKey(given.feedKeyPem);
  const head = sql.one("select size, peaks, at_ms from log_head");
  if (head === undefined) throw new Error("the log has no head");
  let frontier: Frontier = frontierOf(head);
  let lastMs = integer(head, "at_ms");
  let items: RevocationItem[] = [];
  let feed = feedHead();
  const queue: Ask[] = [];

  function feedHead(): { readonly epoch: number; readonly n: number; readonly head: string } {
    const row = sql.one("select epoch, n, head from feed_head");
    if (row === undefined) throw new Error("the feed has no head");
    return { epoch: integer(row, "epoch"), n: integer(row, "n"), head: text(row, "head") };
  }

  function append(nowMs: number, entry: NewRecord): void {
    const record = {
      n: frontier.size,
      at: nowMs,
      kind: entry.kind,
      decision: entry.decision,
      ids: entry.ids,
      body: plain(entry.body),
    };
    const line = recordLine(record);
    const task = entry.ids.find((id) => id.startsWith("tsk_")) ?? null;
    sql.run("insert into log values (?, ?, ?, ?, ?)", record.n, nowMs, entry.decision, task, line);
    frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
  }

  function writing(nowMs: number): Writing {
    return {
      sql,
      nowMs,
      lifetimes: given.lifetimes,
      issuingPaused: Date.now() < lastMs - STEP_MS,
      record: (entry) => append(nowMs, entry),
      revoke(id, beforeMs) {
        const forget = Math.ceil((nowMs + given.lifetimes.tokenMs) / 1000) + SLACK_SECONDS;
        const item = {
          n: feed.n + items.length + 1,
          id,
          ...(beforeMs === undefined ? {} : { before: Math.floor(beforeMs / 1000) }),
          forget,
        };
        sql.run("insert into revocation values (?, ?, ?, ?)", item.n, id, beforeMs ?? null, forget);
        items.push(item);
        return item;
      },
    };
  }

  /** Runs one verb in a savepoint: a refusal or a fault leaves no trace of it. */
  function runOne(ask: Ask, nowMs: number): Answer {
    const before = { frontier, items: items.length };
    db.exec("savepoint verb");
    try {
      const value =
        ask.verb === "nothing"
          ? undefined
          : ask.verb === "record"
            ? append(nowMs, ask.input as NewRecord)
            : runVerb(ask.verb, writing(nowMs), ask.input);
      db.exec("release verb");
      return { id: ask.id, value };
    } catch (error) {
      db.exec("rollback to verb; release verb");
      frontier = before.frontier;
      items.length = before.items;
      return error instanceof Refused
        ? { id: ask.id, refusal: error.refusal }
        : { id: ask.id, fault: error instanceof Error ? error.message : "unknown fault" };
    }
  }

  function signBatch(nowMs: number): Committed["batch"] {
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const payload = {
      epoch: feed.epoch,
      from: first.n,
      to: last.n,
      prev: feed.head,
      items,
      at: nowMs,
    };
    const jws = signJws({ typ: "remit-feed+jwt", alg: "ES256", kid: given.feedKid }, plain(payload), es256(feedKey));
    sql.run("insert into feed_batch values (?, ?, ?)", last.n, first.n, jws);
    sql.run("update feed_head set n = ?, head = ?", last.n, hash("sha256", jws, "base64url"));
    return { jws, epoch: feed.epoch, from: first.n, to: last.n, items };
  }

  function drain(): void {
    const group = queue.splice(0, MAX_GROUP);
    if (group.length === 0) return;
    const nowMs = Math.max(Date.now(), lastMs);
    const before = { frontier, feed };
    items = [];
    try {
      db.exec("begin immediate");
      const answers = group.map((ask) => runOne(ask, nowMs));
      const batch = signBatch(nowMs);
      if (frontier !== before.frontier)
        sql.run("update log_head set size = ?, peaks = ?, at_ms = ?", frontier.size, peaksOf(frontier), nowMs);
      db.exec("commit");
      lastMs = nowMs;
      if (batch !== undefined) feed = feedHead();
      port.postMessage({ answers, batch } satisfies Committed);
    } catch (error) {
      if (db.isTransaction) db.exec("rollback");
      frontier = before.frontier;
      const fault = error instanceof Error ? error.message : "unknown fault";
      port.postMessage({
        answers: group.map(({ id }) => ({ id, fault })),
        batch: undefined,
      } satisfies Committed);
    }
    if (queue.length > 0) setImmediate(drain);
  }

  port.on("message", (ask: Ask | "close") => {
    if (ask === "close") {
      drain();
      db.close();
      port.close();
      return;
    }
    if (queue.push(ask) === 1) setImmediate(drain);
  });
  port.postMessage("ready");
}

function runVerb(verb: keyof typeof VERBS, w: Writing, input: unknown): unknown {
  // each method of sqlite.ts pairs a verb with the input type that the verb declares
  const run = VERBS[verb] as (w: Writing, input: unknown) => unknown;
  return run(w, input);
}

const es256 =
  (key: KeyObject) =>
  (input: string): Uint8Array =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });

/** Our own data as the strict JSON that is signed and logged. */
function plain(value: Readonly<Record<string, unknown>>): { readonly [name: string]: Json } {
  const json = readJson(JSON.stringify(value));
  if (!json.ok || typeof json.value !== "object" || json.value === null || Array.isArray(json.value))
    throw new TypeError("a record holds something that is not plain JSON");
  return json.value as { readonly [name: string]: Json };
}

// workerData is what sqlite.ts passed: our own type through a structured clone
if (parentPort !== null) startWriter(workerData as WriterData, parentPort);
