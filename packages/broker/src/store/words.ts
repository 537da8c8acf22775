import type { JsonObject } from "@remit/core";
import type { ExternalIdentity } from "./store.ts";

export interface NewPoint {
  readonly name: string;
  readonly key: string;
  readonly serves: readonly string[] | "connected";
  readonly may: readonly string[];
  readonly by: string;
}

export interface PointRow {
  readonly point: string;
  readonly name: string;
  /** Canonical JSON of the public JWK. */
  readonly key: string;
  readonly serves: readonly string[] | "connected";
  readonly may: readonly string[];
  readonly logKey: string | undefined;
  /** Neither suspended nor revoked since it was enrolled. */
  readonly live: boolean;
}

export interface PointHello {
  readonly base: string;
  readonly logKey: string | undefined;
  readonly connections: readonly {
    readonly id: string;
    readonly name: string;
    readonly resource: string;
    readonly connector: string;
    readonly as: string;
    readonly account: string;
  }[];
}

/** A record before the writer numbers and dates it. */
export interface NewRecord {
  readonly kind: string;
  readonly decision: string;
  readonly ids: readonly string[];
  readonly body: JsonObject;
}

export interface AppliedConfig {
  readonly digest: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Names that need a lasting id, e.g. {kind: "cli", name: "triage-bot"}; unchanged content keeps its id alive. */
  readonly names: readonly {
    readonly kind: "cli" | "agt" | "pol" | "cnr" | "iss";
    readonly name: string;
    readonly digest: string;
  }[];
  readonly by: string;
}

export interface Shipment {
  readonly point: string;
  readonly from: number;
  readonly lines: readonly string[];
  /** The note, whose signature was checked, and what it says. */
  readonly checkpoint: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface RevocationBatch {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly items: readonly RevocationItem[];
  /** Compact JWS by the feed's key. */
  readonly jws: string;
}

export interface RevocationItem {
  readonly n: number;
  readonly id: string;
  /** Seconds; present for lasting ids. */
  readonly before?: number;
  /** Seconds; after this the entry may be forgotten. */
  readonly forget: number;
}

export interface NewSession {
  readonly hash: string;
  readonly subject: string;
  readonly jkt: string;
  readonly claims: string;
  readonly issuerName: string;
  readonly ttlMs: number;
  readonly once: { readonly key: string; readonly expiresMs: number };
}

export interface SessionRow {
  readonly subject: string;
  readonly identity: ExternalIdentity;
  readonly jkt: string;
  readonly issuerName: string;
  /** Canonical JSON of the claims that policies may read. */
  readonly claims: string;
  readonly expiresMs: number;
  readonly createdMs: number;
}

export interface NewStart {
  readonly hash: string;
  readonly session: string;
  readonly subject: string;
  readonly jkt: string;
  /** Canonical JSON of the request to be judged at redemption. */
  readonly request: string;
  readonly ttlMs: number;
}
