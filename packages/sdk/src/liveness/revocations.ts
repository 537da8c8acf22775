import { err, hashOfBatch, isJsonObject, type JsonObject, ok, type Result } from "./feed-words.ts";

/** One revocation as the feed carries it; `before` (seconds) is there for ids that last. */
export interface RevocationItem {
  readonly n: number;
  readonly id: string;
  readonly before?: number;
  readonly forget: number;
}

/** Why a batch is not applied. Each means: this feed is not the one that we follow. */
export type FeedFault = "malformed" | "epoch" | "gap" | "fork";

/** A batch whose signature was checked. */
export interface FeedBatch {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly prev: string;
  readonly items: readonly RevocationItem[];
}

const BATCH_MEMBERS = ["epoch", "from", "to", "prev", "items", "at"];
const ITEM_MEMBERS = ["n", "id", "before", "forget"];

/** Reads the payload of a feed batch: closed, dense and not empty. */
export function readBatch(payload: JsonObject): FeedBatch | undefined {
  if (Object.keys(payload).some((name) => !BATCH_MEMBERS.includes(name))) return undefined;
  const { epoch, from, to, prev, items } = payload;
  if (!isCount(epoch) || !isCount(from) || !isCount(to) || typeof prev !== "string" || !Array.isArray(items))
    return undefined;
  const read = items.map(readItem).filter((item) => item !== undefined);
  const dense =
    read.length > 0 &&
    read.length === items.length &&
    read.length === to - from + 1 &&
    read.every((item, index) => item.n === from + index);
  return dense ? { epoch, from, to, prev, items: read } : undefined;
}

/** Reads one revocation. */
export function readItem(json: unknown): RevocationItem | undefined {
  if (!isJsonObject(json)) return undefined;
  if (Object.keys(json).some((name) => !ITEM_MEMBERS.includes(name))) return undefined;
  const { n, id, before, forget } = json;
  if (!isCount(n) || typeof id !== "string" || id === "" || !isCount(forget)) return undefined;
  if (before === undefined) return { n, id, forget };
  return isCount(before) ? { n, id, before, forget } : undefined;
}

/** Whether a value is a whole number from zero. */
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** The revoked ids that a point keeps in memory, at one position of one feed. */
export interface Revocations {
  readonly position: () => { readonly epoch: number; readonly n: number };
  /** Applies the next batch; anything but the next one is refused and changes nothing. */
  apply(batch: FeedBatch, compact: string): Result<undefined, FeedFault>;
  /** Starts anew from a snapshot whose signature was checked. */
  restart(snapshot: {
    readonly epoch: number;
    readonly n: number;
    readonly head: string;
    readonly items: readonly RevocationItem[];
  }): void;
  /** Whether any of these ids ends something issued at `issuedAt` (seconds). */
  isDead(ids: readonly string[], issuedAt: number): boolean;
  /** Drops what may be forgotten; returns how many are kept. */
  forget(nowSeconds: number): number;
}

/** Makes an empty set that follows no feed yet. */
export function createRevocations(): Revocations {
  // id → the last second of issue that it ends; Infinity for ids that end once
  let ends = new Map<string, number>();
  let forgets = new Map<string, number>();
  let at = { epoch: -1, n: 0, head: "" };
  const put = (item: RevocationItem): void => {
    ends.set(item.id, Math.max(item.before ?? Infinity, ends.get(item.id) ?? -1));
    forgets.set(item.id, Math.max(item.forget, forgets.get(item.id) ?? 0));
  };
  return {
    position: () => ({ epoch: at.epoch, n: at.n }),
    apply(batch, compact) {
      if (batch.epoch !== at.epoch) return err("epoch");
      if (batch.from !== at.n + 1) return err("gap");
      if (batch.prev !== at.head) return err("fork");
      for (const item of batch.items) put(item);
      at = { epoch: batch.epoch, n: batch.to, head: hashOfBatch(compact) };
      return ok(undefined);
    },
    restart(snapshot) {
      ends = new Map();
      forgets = new Map();
      for (const item of snapshot.items) put(item);
      at = { epoch: snapshot.epoch, n: snapshot.n, head: snapshot.head };
    },
    isDead: (ids, issuedAt) =>
      issuedAt <= (ends.get("all") ?? -1) || ids.some((id) => issuedAt <= (ends.get(id) ?? -1)),
    forget(nowSeconds) {
      for (const [id, time] of forgets) {
        if (time > nowSeconds) continue;
        forgets.delete(id);
        ends.delete(id);
      }
      return ends.size;
    },
  };
}
