import type { Worker } from "node:worker_threads";
import { err, ok, type Refusal, type Result } from "@remit/core";
import type { Lifetimes } from "./lifetimes.ts";
import { openReader } from "./open.ts";
import { rememberFew } from "./few.ts";
import { readsOf } from "./reads.ts";
import type { RevocationBatch, Store } from "./store.ts";
import type { Answer, Ask, Committed } from "./commit.ts";
import { RESERVE_BYTES } from "./reserve.ts";
import { startWriterThread } from "./writer-thread.ts";
import type { WriterData } from "./writer.ts";

export interface SqliteOptions {
  /** A folder that this process holds the lock of. */
  readonly data: string;
  readonly lifetimes: Lifetimes;
  readonly feedKeyPem: string;
  readonly feedKid: string;
  /** Space that is kept for ends on a full disk; 64 MiB where nothing is said. */
  readonly reserveBytes?: number;
  /** The writer's thread, where it was started ahead. */
  readonly thread?: Worker;
}

/** A write that could not be done for reasons of the machine: a full disk, a broken file. */
export class StoreFault extends Error {}

/** The store on SQLite: one writer thread that groups commits, and reads beside it. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const few = rememberFew();
  const listeners = new Set<(batch: RevocationBatch) => void>();
  const writer = startWriter(options, ({ batch, changesFew }) => {
    if (changesFew) few.forget();
    if (batch !== undefined) for (const listener of listeners) listener(batch);
  });
  await writer.ready;
  const db = openReader(options.data);
  return {
    ...verbsOf(writer.ask),
    read: few.over(readsOf(db)),
    onRevocations(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await writer.close();
      if (db.isOpen) db.close();
    },
  };
}

interface WriterThread {
  readonly ready: Promise<undefined>;
  readonly ask: AskWriter;
  close(): Promise<void>;
}

/** Starts the writer; `committed` hears of each commit before anything of it is answered. */
function startWriter(options: SqliteOptions, committed: (commit: Committed) => void): WriterThread {
  const { thread: worker = startWriterThread(), reserveBytes = RESERVE_BYTES, ...given } = options;
  const asked = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly reject: (fault: Error) => void }
  >();
  const { promise: ready, resolve: isReady, reject: isBroken } = Promise.withResolvers<undefined>();
  let over: Error | undefined;
  worker.on("message", (message: Committed | "ready") => {
    if (message === "ready") return isReady(undefined);
    committed(message);
    for (const answer of message.answers) {
      asked.get(answer.id)?.resolve(answer);
      asked.delete(answer.id);
    }
  });
  const broken = (error: Error): void => {
    over ??= error;
    isBroken(error);
    for (const { reject } of asked.values()) reject(new StoreFault("the writer ended", { cause: error }));
    asked.clear();
  };
  worker.on("error", broken);
  const exited = Promise.withResolvers<undefined>();
  worker.on("exit", () => {
    broken(new Error("the writer has exited"));
    exited.resolve(undefined);
  });
  worker.postMessage({ ...given, reserveBytes } satisfies WriterData);
  let last = 0;
  let outbox: Ask[] = [];
  // what one turn of the event loop asks goes in one message
  const flush = (): void => {
    if (outbox.length > 0) worker.postMessage(outbox);
    outbox = [];
  };
  return {
    ready,
    async ask(verb, input) {
      // a thread that is gone answers nothing
      if (over !== undefined) throw new StoreFault("the writer ended", { cause: over });
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      last += 1;
      asked.set(last, { resolve, reject });
      if (outbox.push({ id: last, verb, input }) === 1) setImmediate(flush);
      return promise;
    },
    async close() {
      flush();
      worker.postMessage("close");
      await exited.promise;
    },
  };
}

const MAX_PRINCIPALS = 50_000;

type AskWriter = (verb: Ask["verb"], input: unknown) => Promise<Answer>;

/** What the writer answers has the type that its verb declares; this is the one place where that is said. */
function verbsOf(ask: AskWriter): Omit<Store, "read" | "onRevocations" | "close"> {
  const refusable = async <T>(verb: Ask["verb"], input: unknown): Promise<Result<T, Refusal>> => {
    const answer = await ask(verb, input);
    if ("fault" in answer) throw new StoreFault(answer.fault);
    return "refusal" in answer ? err(answer.refusal) : ok(answer.value as T);
  };
  const certain = async <T>(verb: Ask["verb"], input: unknown): Promise<T> => {
    const answer = await refusable<T>(verb, input);
    if (!answer.ok) throw new StoreFault(answer.error.detail);
    return answer.value;
  };
  const principals = new Map<string, string>();
  return {
    async principal(identity) {
      // an identity's id never changes, so what was committed once need not be asked again
      const name = JSON.stringify([identity.issuer, identity.subject]);
      const held = principals.get(name);
      if (held !== undefined) return held;
      const id = await certain<string>("principal", identity);
      if (principals.size >= MAX_PRINCIPALS) principals.clear();
      principals.set(name, id);
      return id;
    },
    beginTask: (task) => refusable("beginTask", task),
    renew: (renewal) => refusable("renew", renewal),
    end: (ending) => refusable("end", ending),
    openSession: (session) => refusable("openSession", session),
    offerStart: (start) => refusable("offerStart", start),
    offerBoot: (boot) => certain("offerBoot", boot),
    spendBoot: (spend) => refusable("spendBoot", spend),
    noteUnresolved: (unresolved) => certain("noteUnresolved", unresolved),
    enrolPoint: (point) => certain("enrolPoint", point),
    pointHello: async (point, hello) => refusable("pointHello", { point, hello }),
    reserveUses: (spend) => refusable("reserveUses", spend),
    returnUses: (back) => refusable("returnUses", back),
    ship: (batch) => refusable("ship", batch),
    record: (entry) => certain("record", entry),
    applyConfig: (config) => certain("applyConfig", config),
    settled: () => certain("nothing", undefined),
  };
}
