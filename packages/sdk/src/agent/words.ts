import type { Json, Secret } from "@remit/core";
import type { KeyObject } from "node:crypto";
import type { DpopKey } from "./dpop.ts";

export interface AgentOptions {
  /** The broker's fixed issuer string. */
  readonly issuer: string;
  /** Where the broker answers now, if not at the issuer's own origin, e.g. `http://127.0.0.1:7420`. */
  readonly base?: string;
  /** The client that this agent runs as; left out where its key is `from-subject` (start handles, sessions). */
  readonly client?: { readonly id: string; readonly key: KeyObject; readonly kid?: string };
  readonly dpopKey: DpopKey;
  readonly fetch?: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface ExchangeRequest {
  readonly subjectToken: string | Secret<string>;
  /** `id_token` and `access_token` stand for their RFC 8693 3 URNs. */
  readonly subjectTokenType: "id_token" | "access_token" | `urn:${string}`;
  readonly resource: string;
  readonly authorizationDetails: Json;
  readonly policy?: string;
  readonly purpose?: string;
  /** Seconds. */
  readonly duration?: number;
}

export interface TaskRequest {
  readonly client?: string;
  /** URL or name of the resource. */
  readonly resource: string;
  readonly authorizationDetails: Json;
  readonly policy?: string;
  readonly purpose?: string;
  /** Seconds. */
  readonly duration?: number;
  /** Thumbprint of the key that will redeem the start handle. */
  readonly jkt: string;
}

/** A token and the life around it. Instants are seconds since the epoch. */
export interface HeldToken {
  readonly accessToken: Secret<string>;
  readonly expiresAt: number;
  /** When it was received, by this agent's clock. */
  readonly receivedAt: number;
  readonly task: string;
  readonly grant: string;
  readonly leaseUntil: number;
  readonly taskEnds: number;
  /** The one resource that the token is for. */
  readonly resource: string;
  readonly authorizationDetails: Json;
}

/** What ending a task did. */
export interface EndedTask {
  readonly task: string;
  /** Milliseconds since the epoch, broker time. */
  readonly endedAt: number;
  readonly n: number;
  readonly points: readonly { readonly id: string; readonly seenAt: number | null }[];
  /** Calls that were under way and what became of them, as far as points told within the bound. */
  readonly inFlight: readonly { readonly operation: string; readonly state: string }[];
  readonly upstream: readonly Json[];
}

/** An agent's side of one task: one key, one grant, the token of the moment. Refusals are thrown as `RemitError`. */
export interface Agent {
  /** Begins a task with a foreign subject token (RFC 8693). */
  exchange(request: ExchangeRequest): Promise<HeldToken>;
  /** Redeems a start handle that was made for this agent's key. */
  start(handle: string | Secret<string>): Promise<HeldToken>;
  /** Renews the lease and takes the next token. */
  renew(): Promise<HeldToken>;
  /** Ends the task as done. */
  complete(): Promise<EndedTask>;
  /** Ends the task as given up. */
  cancel(): Promise<EndedTask>;
  /** Exchanges an ID token once for a session bound to this agent's key. */
  openSession(
    idToken: string | Secret<string>,
    clientId: string,
  ): Promise<{ readonly session: Secret<string>; readonly expiresAt: number }>;
  /** Begins a task under a session of this agent's key, for another key to redeem. */
  beginTask(
    session: Secret<string>,
    task: TaskRequest,
  ): Promise<{ readonly start: Secret<string>; readonly expiresAt: number }>;
  /** Asks an endpoint of the broker's admin API under a session of this agent's key. */
  admin(
    session: Secret<string>,
    path: `/${string}`,
    init?: { readonly method?: string; readonly json?: Json },
  ): Promise<Response>;
  /** Calls the resource with token and proof. Never follows a redirect, never sends the token outside the resource. */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** The token held now. */
  held(): HeldToken | undefined;
  /** Renews at half of each token's life until the signal; resolves at the signal, rejects when the broker says no for good. */
  keepRenewed(signal: AbortSignal): Promise<void>;
}
