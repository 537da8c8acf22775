import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import { type Ask, commit } from "./commit.ts";
import { createFeedWriter, createLogWriter } from "./ledger.ts";
import type { Lifetimes } from "./lifetimes.ts";
import { openWriter } from "./open.ts";
import { createReserve } from "./reserve.ts";
import { sqlOf } from "./rows.ts";

/** The main thread's first message to the writer. The feed's key lives in this thread only. */
export interface WriterData {
  readonly data: string;
  readonly lifetimes: Lifetimes;
  readonly feedKeyPem: string;
  readonly feedKid: string;
  readonly reserveBytes: number;
}

const MAX_GROUP = 256;

function startWriter(given: WriterData, port: NonNullable<typeof parentPort>): void {
  const db = openWriter(given.data);
  const sql = sqlOf(db);
  const log = createLogWriter(sql);
  const { lifetimes, feedKeyPem: keyPem, feedKid: kid } = given;
  const feed = createFeedWriter(sql, { keyPem, kid, tokenMs: lifetimes.tokenMs });
  const reserve = createReserve(join(given.data, "reserve"), given.reserveBytes);
  const desk = { db, sql, log, feed, lifetimes, reserve, clock: { lastMs: log.lastMs, forgetMs: 0 } };
  const queue: Ask[] = [];
  const drain = (): void => {
    const group = queue.splice(0, MAX_GROUP);
    if (group.length > 0) port.postMessage(commit(desk, group));
    if (queue.length > 0) setImmediate(drain);
  };
  port.on("message", (asks: readonly Ask[] | "close") => {
    if (asks !== "close") {
      const idle = queue.length === 0;
      queue.push(...asks);
      if (idle) setImmediate(drain);
      return;
    }
    while (queue.length > 0) drain();
    db.close();
    port.close();
  });
  port.postMessage("ready");
}

const port = parentPort;
// the first message is what sqlite.ts sent: our own type through a structured clone
port?.once("message", (given: WriterData) => startWriter(given, port));
