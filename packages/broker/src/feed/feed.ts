import { type JsonObject, rootOf, signCheckpoint, signJws, toBase64url } from "@remit/core";
import { sign } from "node:crypto";
import { createReports, type InFlight } from "./in-flight.ts";
import { createSeen, type SeenAt } from "./seen.ts";
import type { SigningKey } from "../keys/keyring.ts";
import { frontierOf, sha256 } from "../store/frontier.ts";
import type { RevocationBatch, Store } from "../store/store.ts";

/** The signed side of liveness: batches, proofs of freshness, and who has seen what. */
export interface Feed {
  /** A signed answer to a point's nonce: up to here the feed goes. */
  fresh(nonce: string): string;
  /** A signed copy of everything revoked, for a point that starts or lost its place. */
  snapshot(): string;
  /** Batches after a position, then every new one. Returns how to stop. */
  follow(epoch: number, after: number, push: (jws: string) => void): (() => void) | undefined;
  /** Notes how far a point is, and what ends reached at it; false for a place that the feed has not reached. */
  seen(point: string, at: { readonly epoch: number; readonly n: number }, reached: readonly InFlight[]): boolean;
  /** Counts a point as one to wait for, while its stream is open. Returns how to end that. */
  attend(point: string, n: number): () => void;
  /** Waits until every known point is past a position, at most `boundMs`. */
  whenSeen(n: number, boundMs: number): Promise<readonly SeenAt[]>;
  /** What points said that an end reached: the end of this id at this place. */
  inFlight(id: string, n: number): readonly InFlight[];
  /** The signed head of the broker's log. */
  checkpoint(): string;
}

export interface FeedOptions {
  readonly store: Store;
  readonly feedKey: SigningKey;
  readonly logKey: SigningKey;
  readonly logName: string;
  readonly now: () => number;
}

const PAGE = 1_000;

/** Makes the feed over a store. */
export function createFeed({ store, feedKey, logKey, logName, now }: FeedOptions): Feed {
  const seen = createSeen(now);
  const reports = createReports();
  const followers = new Set<(batch: RevocationBatch) => void>();
  store.onRevocations((batch) => {
    for (const follower of followers) follower(batch);
  });
  const header = (typ: string): JsonObject => ({ typ, alg: feedKey.alg, kid: feedKey.kid });
  const head = (): { size: number; root: Uint8Array } => {
    const frontier = frontierOf(store.read.logHead());
    return { size: frontier.size, root: rootOf(frontier, sha256) };
  };
  return {
    fresh(nonce) {
      const { size, root } = head();
      const payload = {
        ...store.read.position(),
        nonce,
        at: now(),
        log: { size, root: toBase64url(root) },
      };
      return signJws(header("remit-fresh+jwt"), payload, feedKey.sign);
    },
    snapshot: () =>
      signJws(header("remit-snapshot+jwt"), { ...snapshotOf(store, now() / 1000), at: now() }, feedKey.sign),
    follow(epoch, after, push) {
      if (epoch !== store.read.position().epoch) return undefined;
      let sent = after;
      const follower = (batch: RevocationBatch): void => {
        if (batch.to <= sent) return;
        sent = batch.to;
        push(batch.jws);
      };
      for (const batch of store.read.batchesAfter(after, Number.MAX_SAFE_INTEGER)) {
        sent = batch.to;
        push(batch.jws);
      }
      followers.add(follower);
      return () => followers.delete(follower);
    },
    seen(point, { epoch, n }, reached) {
      const head = store.read.position();
      if (epoch !== head.epoch || n > head.n) return false;
      // before whoever waits for this place is told that it is reached
      reports.put(
        point,
        reached.filter((one) => one.n <= n),
      );
      seen.note(point, n);
      return true;
    },
    attend: (point, n) => seen.attend(point, n),
    whenSeen: async (n, boundMs) => seen.when(n, boundMs),
    inFlight: (id, n) => reports.of(id, n),
    checkpoint() {
      return signedHead(head(), logName, logKey);
    },
  };
}

function signedHead(head: { readonly size: number; readonly root: Uint8Array }, name: string, key: SigningKey): string {
  const raw = Buffer.from(key.jwk.x, "base64url");
  return signCheckpoint(
    { origin: name, ...head },
    { name, key: raw },
    (message) => sign(null, message, key.key),
    sha256,
  );
}

/** Everything revoked that still matters, at one position. */
function snapshotOf(store: Store, nowSeconds: number): JsonObject {
  const { epoch, n, head } = store.read.feedHead();
  const items = [];
  for (let after = 0; after < n;) {
    const page = store.read.revocationsAfter(after, PAGE);
    items.push(...page.filter((item) => item.n <= n && item.forget > nowSeconds).map((item) => ({ ...item })));
    after = page.at(-1)?.n ?? n;
  }
  return { epoch, n, head, items };
}
