import type { KeyObject } from "node:crypto";
import { type JsonObject, readJws, verifyJws } from "@remit/core";
import { verifierOf } from "../crypto.ts";
import { err, ok, type Result } from "./feed-words.ts";
import type { FreshAnswer } from "./freshness.ts";
import { isCount, readItem, type RevocationItem } from "./revocations.ts";

/** What the broker's feed key signs. */
export type FeedType = "remit-feed+jwt" | "remit-fresh+jwt" | "remit-snapshot+jwt";

/** A whole state of the feed; `head` is the hash of its last batch. */
export interface Snapshot {
  readonly epoch: number;
  readonly n: number;
  readonly head: string;
  readonly items: readonly RevocationItem[];
}

const MAX_SNAPSHOT = 64 * 1024 * 1024;
const MAX_BATCH = 1024 * 1024;
const LARGE = { depth: 8, nodes: 4_000_000, keys: 64, string: 1_024 };

/** The payload of a compact JWS of one type, if the feed key signed it. */
export function readSigned(
  compact: string,
  typ: FeedType,
  key: KeyObject,
): Result<JsonObject, "malformed" | "signature"> {
  const maxBytes = typ === "remit-snapshot+jwt" ? MAX_SNAPSHOT : MAX_BATCH;
  const jws = readJws(compact, { maxBytes, payload: { ...LARGE, bytes: maxBytes } });
  if (!jws.ok) return err("malformed");
  const checked = verifyJws(jws.value, { typ: [typ], alg: ["ES256"], verify: verifierOf(key) });
  if (!checked.ok) return err(checked.error === "signature" ? "signature" : "malformed");
  return ok(checked.value.payload);
}

const FRESH_MEMBERS = ["epoch", "n", "nonce", "at", "log"];

/** Reads the payload of an answer to a challenge. */
export function readFresh(payload: JsonObject): FreshAnswer | undefined {
  if (Object.keys(payload).some((name) => !FRESH_MEMBERS.includes(name))) return undefined;
  const { epoch, n, nonce, at } = payload;
  return isCount(epoch) && isCount(n) && isCount(at) && typeof nonce === "string" ? { epoch, n, nonce, at } : undefined;
}

const SNAPSHOT_MEMBERS = ["epoch", "n", "head", "items", "at"];

/** Reads the payload of a snapshot. Its items keep their positions but need not be dense: forgotten ones are left out. */
export function readSnapshot(payload: JsonObject): Snapshot | undefined {
  if (Object.keys(payload).some((name) => !SNAPSHOT_MEMBERS.includes(name))) return undefined;
  const { epoch, n, head, items } = payload;
  if (!isCount(epoch) || !isCount(n) || typeof head !== "string" || !Array.isArray(items)) return undefined;
  const read: RevocationItem[] = [];
  for (const json of items) {
    const item = readItem(json);
    if (item === undefined || item.n > n) return undefined;
    read.push(item);
  }
  return { epoch, n, head, items: read };
}
