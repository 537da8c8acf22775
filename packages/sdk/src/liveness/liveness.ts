import type { OperationClass, Refusal } from "@remit/core";
import { refuse } from "@remit/core";
import type { Standing, VerifiedCall } from "../enforce/verifier.ts";
import type { FeedChannel, InFlight, ResolveRequest } from "../point/words.ts";
import { challengeLoop } from "./challenging.ts";
import { createFeedState, followLoop } from "./following.ts";
import { type Bounds, createFreshness, type Position } from "./freshness.ts";

export interface LivenessOptions {
  readonly channel: FeedChannel;
  readonly bounds: Bounds;
  /** Milliseconds of a clock that nobody can set. */
  readonly monotonicMs: () => number;
  /** Fresh random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  /** The furthest position known from before this process: a broker behind it is not believed. */
  readonly known?: Position;
  /** The broker asks for a lookup. */
  readonly onResolve?: (request: ResolveRequest) => void;
  /** Something went wrong and is tried again; for the operator. Never holds a secret. */
  readonly onFault?: (fault: LivenessFault) => void;
}

/** What goes wrong between a point and its feed. All of them lead to a stale point, none to an allowed call. */
export interface LivenessFault {
  readonly code: "unreachable" | "malformed" | "signature" | "gap" | "fork" | "epoch" | "step_back" | "nonce" | "lag";
  readonly cause?: unknown;
}

/** Cuts what an end reaches, and says what it reached. */
export type EndListener = (ids: readonly string[]) => readonly InFlight[];

/** What a point knows about the present. It says no until the first answer to a challenge of this very process. */
export interface Liveness extends Standing {
  /** Whether nothing can have been missed within the bound of this class; reads where none is named. */
  isFresh(operation?: OperationClass): boolean;
  /** Why a verified call may not go on now; asked again before sending and before releasing. */
  judge(call: Pick<VerifiedCall, "claims" | "live">, operation: OperationClass): Refusal | undefined;
  /** Where the feed is applied up to; undefined before the first snapshot. */
  position(): Position | undefined;
  /**
   * Hears the ids of each batch as soon as it is applied, so that running calls can be cut; what it says became of them
   * goes to the broker with the acknowledgement. Returns the way to stop.
   */
  onEnd(listener: EndListener): () => void;
  /** Follows the feed and asks for freshness until the signal. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes the liveness of one point over one channel. */
export function createLiveness(options: LivenessOptions): Liveness {
  const freshness = createFreshness(options.bounds);
  const listeners = new Set<EndListener>();
  const state = createFeedState({
    ...options,
    freshness,
    ended: (ids) => [...listeners].flatMap((listener) => listener(ids)),
  });
  const isFresh = (operation: OperationClass = "read"): boolean => freshness.isFresh(operation, options.monotonicMs());
  const isLive = (ids: readonly string[], issuedAt: number): boolean => !state.revocations.isDead(ids, issuedAt);
  return {
    isFresh,
    isLive,
    judge(call, operation) {
      if (!isLive(call.live, call.claims.iat)) return refuse("token_revoked", "something it depends on was revoked");
      return isFresh(operation)
        ? undefined
        : refuse("feed_stale", `not proven fresh within the bound of \`${operation}\``);
    },
    brokerTime: () => freshness.brokerTime(options.monotonicMs()),
    position: () => state.position(),
    onEnd(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      await Promise.all([followLoop(state, signal), challengeLoop(state, signal)]);
    },
  };
}
