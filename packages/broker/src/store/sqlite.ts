import { Worker } from "node:worker_threads";
import { err, ok, type Refusal, type Result } from "@remit/core";
import type { Lifetimes } from "./lifetimes.ts";
import { openReader } from "./open.ts";
import { readsOf } from "./reads.ts";
import type { RevocationBatch, Store } from "./store.ts";
import type { Answer, Ask, Committed } from "./commit.ts";
import { RESERVE_BYTES } from "./reserve.ts";
import type { WriterData } from "./writer.ts";

export interface SqliteOptions {
  /** A folder that this process holds the lock of. */
  readonly data: string;
  readonly lifetimes: Lifetimes;
  readonly feedKeyPem: string;
  readonly feedKid: string;
  /** Space that is kept for ends on a full disk; 64 MiB where nothing is said. */
  readonly reserveBytes?: number;
}

/** A write that could not be done for reasons of the machine: a full disk, a broken file. */
export class StoreFault extends Error {}

/** The store on SQLite: one writer thread that groups commits, and reads beside it. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const file = new URL(import.meta.url.endsWith(".ts") ? "writer.ts" : "writer.js", import.meta.url);
  const worker = new Worker(file, { workerData: { reserveBytes: RESERVE_BYTES, ...options } satisfies WriterData });
  const waiting = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly reject: (fault: Error) => void }
  >();
  const listeners = new Set<(batch: RevocationBatch) => void>();
  let last = 0;
  let over: Error | undefined;
  const { promise: ready, resolve: isReady, reject: isBroken } = Promise.withResolvers<undefined>();
  worker.on("message", (message: Committed | "ready") => {
    if (message === "ready") return isReady(undefined);
    if (message.batch !== undefined) for (const listener of listeners) listener(message.batch);
    for (const answer of message.answers) {
      waiting.get(answer.id)?.resolve(answer);
      waiting.delete(answer.id);
    }
  });
  const broken = (error: Error): void => {
    over ??= error;
    isBroken(error);
    for (const { reject } of waiting.values()) reject(new StoreFault("the writer ended", { cause: error }));
    waiting.clear();
  };
  worker.on("error", broken);
  const { promise: exited, resolve: hasExited } = Promise.withResolvers<undefined>();
  worker.on("exit", () => {
    broken(new Error("the writer has exited"));
    hasExited(undefined);
  });
  await ready;
  const ask = async (verb: Ask["verb"], input: unknown): Promise<Answer> => {
    // a thread that is gone answers nothing
    if (over !== undefined) throw new StoreFault("the writer ended", { cause: over });
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    last += 1;
    worker.postMessage({ id: last, verb, input } satisfies Ask);
    waiting.set(last, { resolve, reject });
    return promise;
  };
  const db = openReader(options.data);
  return {
    ...verbsOf(ask),
    read: readsOf(db),
    onRevocations(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      worker.postMessage("close");
      await exited;
      if (db.isOpen) db.close();
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
