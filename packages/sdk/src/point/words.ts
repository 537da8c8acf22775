import type { Json, Refusal, Result } from "@remit/core";
import type { Bounds, Position } from "../liveness/freshness.ts";
import type { Succession } from "./succession.ts";

/** What a point says of itself. No secret, and nothing the broker could use to redirect one. */
export interface Hello {
  /** Public base URL under which this point's resources are. */
  readonly base: string;
  readonly connections: readonly {
    readonly id: string;
    readonly name: string;
    readonly resource: string;
    readonly connector: string;
    readonly as: "subject" | "installation" | "service";
    readonly account: string;
  }[];
  readonly position?: Position;
  readonly log?: { readonly size: number; readonly root: string };
  /** Raw Ed25519 public key of this point's log, base64url. */
  readonly log_key?: string;
}

export interface Welcome {
  readonly point: string;
  readonly issuer: string;
  readonly keys: TokenKeys;
  readonly position: Position;
  readonly bounds: Bounds;
}

/** Keys that sign access tokens, by kid, imported once. */
export type TokenKeys = ReadonlyMap<string, import("node:crypto").KeyObject>;

/** The broker asks this point to look up one record under the connector's `resolve` operation; the nonce names the request. */
export interface ResolveRequest {
  readonly connection: string;
  readonly connector: string;
  readonly type: string;
  readonly named:
    { readonly by: "alias"; readonly alias: string } | { readonly by: "identifier"; readonly identifier: string };
  readonly show: readonly string[];
  readonly nonce: string;
}

/** One line of the feed. `epoch`: the broker is in another epoch than the one asked for. */
export type FeedLine =
  | { readonly kind: "batch"; readonly compact: string }
  | { readonly kind: "resolve"; readonly request: ResolveRequest }
  | { readonly kind: "ping" }
  | ({ readonly kind: "epoch" } & Position);

/** What became of a call that was under way at a point when something that it depends on ended. */
export interface InFlight {
  /** What ended it. */
  readonly id: string;
  readonly operation: string;
  /** `aborted`: nothing of it is sent or released. `sent`: a write was on its way. `unknown`: so it was, and it is lost. */
  readonly state: "aborted" | "sent" | "unknown";
}

/** Where a point is in the feed, and what an end at place `n` reached on the way there. */
export interface Applied extends Position {
  readonly in_flight?: readonly (InFlight & { readonly n: number })[];
}

/** What liveness needs of the channel. */
export interface FeedChannel {
  /** Fetches the succession again and believes it only under the pin; never one older than the last believed. */
  trust(signal?: AbortSignal): Promise<Succession>;
  /** The compact JWS of the whole state. */
  snapshot(signal: AbortSignal): Promise<string>;
  /** Everything after a position, then what comes; ends with the connection. */
  feed(after: Position, signal: AbortSignal): AsyncIterable<FeedLine>;
  /** The compact JWS that answers this nonce. */
  challenge(nonce: string, applied: Applied, signal: AbortSignal): Promise<string>;
  /** Acknowledges what was applied. */
  seen(applied: Applied, signal?: AbortSignal): Promise<void>;
}

/** The way of an enforcement point to its broker: opened by the point, mutual TLS, pinned by the root's fingerprint. */
export interface PointChannel extends FeedChannel {
  hello(hello: Hello): Promise<Welcome>;
  keys(): Promise<TokenKeys>;
  /** Sends what a lookup found, signed with this point's key; `none` for every failure. */
  resolved(
    answer:
      | { readonly none: true; readonly nonce: string; readonly at: number }
      | {
          readonly alias: string;
          readonly id: string;
          readonly parents: readonly { readonly type: string; readonly identifier: string }[];
          readonly version: string | null;
          readonly shown: Readonly<Record<string, Json>>;
          readonly nonce: string;
          readonly at: number;
        },
  ): Promise<void>;
  /** Reserves uses of a grant; a refusal says `limit` or `task_ended`. */
  spend(spend: {
    readonly grant: string;
    readonly jti: string;
    readonly count: number;
  }): Promise<Result<{ readonly reservation: string; readonly granted: number }, Refusal>>;
  /** Gives back what was not used. */
  return(reservation: string, unused: number): Promise<void>;
  /** Sends log lines; if they do not continue what the broker holds, the error is the size it holds. */
  ship(batch: {
    readonly from: number;
    readonly lines: readonly string[];
    readonly checkpoint: string;
  }): Promise<Result<{ readonly size: number }, { readonly size: number }>>;
  /** RFC 7662 answer for a token. */
  introspect(token: string): Promise<Readonly<Record<string, Json>>>;
  /** Closes all connections. */
  close(): void;
}

/** Why the channel failed: a fault of the network or of the other side, never of the caller. */
export class ChannelError extends Error {
  readonly code: "unreachable" | "untrusted" | "status" | "malformed" | "too_large";
  readonly status: number | undefined;

  constructor(
    code: ChannelError["code"],
    message: string,
    more: { readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "ChannelError";
    this.code = code;
    this.status = more.status;
  }
}
