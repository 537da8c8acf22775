import type { SQLOutputValue } from "node:sqlite";
import type { Refusal, Result } from "@remit/core";

import type {
  AppliedConfig,
  NewPoint,
  NewRecord,
  NewSession,
  NewStart,
  PointHello,
  PointRow,
  RevocationBatch,
  RevocationItem,
  SessionRow,
  Shipment,
} from "./words.ts";
import type { Counted } from "./tally.ts";
import type { Unresolved } from "./uses-verbs.ts";

export type {
  AppliedConfig,
  NewPoint,
  NewRecord,
  NewSession,
  NewStart,
  PointHello,
  PointRow,
  RevocationBatch,
  RevocationItem,
  SessionRow,
  Shipment,
} from "./words.ts";

/**
 * What the broker keeps. Every verb is atomic: all its conditions are inside the writing transaction, judged in commit
 * order, and its audit record commits with it. A refused verb changes nothing but may append a refusal record.
 * Times named `…Ms` are milliseconds since the epoch, taken by the writer from its own clock.
 */
export interface Store {
  /** Finds or makes the principal id of an external identity; the same (issuer, subject) always gets the same id. */
  principal(identity: ExternalIdentity): Promise<string>;

  /**
   * Begins a task with its root grant. Refuses if anything of `live` is revoked or suspended, a used-once proof was used
   * (the same `retry.digest` under the same `retry.key` within 60 s answers with the same task again), or a limit is reached.
   */
  beginTask(task: NewTask): Promise<Result<Issued, Refusal>>;
  /** Renews the lease of a grant for its holder's key. `lease_lapsed` past the dormant time; `task_ended` when dead. */
  renew(renewal: Renewal): Promise<Result<Issued, Refusal>>;
  /** Ends a task or a single grant, or revokes or suspends any other id. Idempotent: a second end answers with the first's time. */
  end(end: End): Promise<Result<Ended, Refusal>>;

  /** Opens a login session; the handle itself is never stored, only its SHA-256. */
  openSession(session: NewSession): Promise<Result<{ readonly expiresMs: number }, Refusal>>;
  /** Keeps what a start handle is for until it is redeemed once. */
  offerStart(start: NewStart): Promise<Result<{ readonly expiresMs: number }, Refusal>>;
  /** Keeps or spends a boot handle (owner's first acts, enrolment of a point). */
  offerBoot(boot: {
    readonly hash: string;
    readonly purpose: string;
    readonly ttlMs: number;
    readonly by: string;
  }): Promise<void>;
  spendBoot(spend: {
    readonly hash: string;
    readonly purposes: readonly string[];
    readonly spender: string;
  }): Promise<Result<undefined, Refusal>>;

  /** Enrols or updates an enforcement point by its key. */
  enrolPoint(point: NewPoint): Promise<PointRow>;
  /** Notes what a point says of itself (base, connections, log key). */
  pointHello(point: string, hello: PointHello): Promise<Result<undefined, Refusal>>;
  /** Counts names that did not resolve against `records.per_hour`. */
  noteUnresolved(unresolved: Unresolved): Promise<void>;
  /** Spends uses of a grant and of all its ancestors, root first, in one statement; refuses for what is dead or lapsed. */
  reserveUses(spend: {
    readonly grant: string;
    readonly jti: string;
    readonly count: number;
    readonly point: string;
  }): Promise<Result<{ readonly reservation: string; readonly granted: number }, Refusal>>;
  returnUses(back: {
    readonly reservation: string;
    readonly unused: number;
    readonly point: string;
  }): Promise<Result<undefined, Refusal>>;
  /** Takes a point's log lines if they continue what is held and have the root that the point signed. */
  ship(batch: Shipment): Promise<Result<{ readonly size: number; readonly taken: boolean }, Refusal>>;

  /** Appends a record that has no other effect (a refusal, an admin read, an alarm). */
  record(entry: NewRecord): Promise<void>;

  /** Applies a configuration: text of every file, and what it makes of policies, clients, issuers, connectors. */
  applyConfig(config: AppliedConfig): Promise<void>;

  /** Reads; they see every committed write of this process. */
  readonly read: Reads;
  /** Called with each signed feed batch in commit order. */
  onRevocations(listener: (batch: RevocationBatch) => void): () => void;
  /** Settles when everything asked before is committed. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface ExternalIdentity {
  readonly kind: "usr" | "wl";
  readonly issuer: string;
  readonly subject: string;
}

export interface NewTask {
  readonly tenant: "local";
  readonly subject: string;
  /** The external identity that the subject's id stands for. */
  readonly subjectIdentity: { readonly issuer: string; readonly subject: string };
  readonly agent: string;
  readonly client: string;
  readonly clientName: string;
  readonly policy: string;
  readonly policyName: string;
  readonly purpose: string | undefined;
  /** Milliseconds from now to the hard end. */
  readonly durationMs: number;
  readonly resource: string;
  readonly connector: string;
  readonly connection: string;
  /** Every id that the grant depends on besides its own task and grant. */
  readonly live: readonly string[];
  readonly jkt: string;
  readonly depthLeft: number;
  /** Canonical JSON of the authority (printAuthority). */
  readonly authority: string;
  readonly uses: number | undefined;
  /** Identifiers of the records granted, for per-hour limits and for the trail. */
  readonly records: readonly string[];
  readonly limits: {
    readonly tasksLive?: number;
    readonly tasksPerHour?: number;
    readonly recordsPerHour?: number;
  };
  /** Spent once, until it expires; more than one where the issuer says so. */
  readonly once: readonly {
    readonly key: string;
    readonly expiresMs: number;
    readonly times: number;
  }[];
  readonly retry: Retry | undefined;
  /** SHA-256 of the start handle that this redeems. */
  readonly start: string | undefined;
  readonly decision: string;
}

/** What makes two requests the same one, asked again. */
export interface Retry {
  readonly key: string;
  readonly digest: string;
  /** When what the request was made with has expired, so that it cannot be asked again. */
  readonly untilMs: number;
}

export interface Renewal {
  readonly grant: string;
  readonly jkt: string;
  readonly decision: string;
  /** Further ids that must not be revoked, asked in the same transaction. */
  readonly alsoLive: readonly string[];
  /** True where policy and standing were asked again, so that a lapsed lease may wake. */
  readonly wake: boolean;
}

/** What the writer answers; the token is signed from this and nothing else. */
export interface Issued {
  readonly jti: string;
  readonly task: string;
  readonly grant: string;
  readonly issuedMs: number;
  readonly tokenExpiresMs: number;
  readonly leaseUntilMs: number;
  readonly taskEndsMs: number;
  readonly row: GrantRow;
  /** True if this is the answer to a retry of the same request. */
  readonly again: boolean;
}

export interface GrantRow {
  readonly grant: string;
  readonly task: string;
  readonly parent: string | undefined;
  readonly subject: string;
  readonly subjectIdentity: { readonly issuer: string; readonly subject: string };
  readonly agent: string;
  readonly client: string;
  readonly clientName: string;
  readonly policy: string;
  readonly policyName: string;
  readonly resource: string;
  readonly connector: string;
  readonly connection: string;
  readonly live: readonly string[];
  readonly jkt: string;
  readonly depthLeft: number;
  readonly authority: string;
  readonly usesLeft: number | undefined;
  readonly leaseUntilMs: number;
  readonly taskEndsMs: number;
  readonly createdMs: number;
  readonly endedMs: number | undefined;
  readonly purpose: string | undefined;
}

export interface End {
  /** Any of our ids; task and grant end once, others are lasting and kill what was issued up to now. */
  readonly id: string;
  readonly how: "complete" | "cancel" | "revoke" | "kill";
  readonly by: string;
  readonly reason: string | undefined;
  readonly suspend: boolean;
  readonly decision: string;
}

export interface Ended {
  readonly id: string;
  readonly endedMs: number;
  /** Feed position of the revocation; points that applied it are past this. */
  readonly n: number;
  /** False if nothing of this id is known here: it is revoked all the same, but somebody may have misspelt it. */
  readonly known: boolean;
}

export interface Reads {
  /** How many records were granted or asked for in vain within the hour, as `records.per_hour` counts them. */
  recordsWithinHour(who: Counted, nowMs: number): number;
  grant(id: string): GrantRow | undefined;
  /** Whether a grant and its task are there, not ended and within their time, and nothing of `ids` is dead for it. */
  stillLives(
    token: { readonly grant: string; readonly ids: readonly string[]; readonly issuedSeconds: number },
    nowMs: number,
  ): boolean;
  task(id: string): readonly GrantRow[];
  tasks(filter: { readonly subject?: string; readonly limit: number }): readonly GrantRow[];
  session(hash: string): SessionRow | undefined;
  start(hash: string):
    | {
        readonly request: string;
        readonly subject: string;
        readonly jkt: string;
        readonly session: string;
        readonly expiresMs: number;
      }
    | undefined;
  identity(principal: string): ExternalIdentity | undefined;
  /** The lasting id of a configured name. */
  name(kind: "cli" | "agt" | "pol" | "cnr" | "iss", name: string): string | undefined;
  points(): readonly PointRow[];
  position(): { readonly epoch: number; readonly n: number };
  revocationsAfter(n: number, limit: number): readonly RevocationItem[];
  /** Signed feed batches that end after a position, in order. */
  batchesAfter(n: number, limit: number): readonly { readonly to: number; readonly jws: string }[];
  /** Position and hash of the last batch, which the next one names; read at once. */
  feedHead(): { readonly epoch: number; readonly n: number; readonly head: string };
  /** Which of these ids are dead for something issued at `issuedSeconds`, or suspended. */
  dead(ids: readonly string[], issuedSeconds: number): readonly string[];
  /** Ids that get nothing now, whatever it was made for. */
  suspendedIds(): ReadonlySet<string>;
  records(from: number, limit: number): readonly string[];
  /** When the last record was made, in milliseconds; 0 where there is none. */
  lastRecordMs(): number;
  /** Size and right edge of the broker's log at the last commit. */
  logHead(): Readonly<Record<string, SQLOutputValue>>;
  shipped(point: string, from: number, limit: number): readonly string[];
  shippedHead(point: string): { readonly size: number; readonly checkpoint: string } | undefined;
  /** Lines of all logs that mention an id, in order of time. */
  mentions(id: string): readonly { readonly log: string; readonly line: string }[];
  appliedConfig(): AppliedConfig | undefined;
}
