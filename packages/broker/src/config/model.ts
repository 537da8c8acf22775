import type { Authority, Connector, JwsAlgorithm, PublicJwk } from "@remit/core";
import type { Guardrails } from "../policy/guardrails/prepare.ts";
import type { Lifetimes } from "../store/lifetimes.ts";

/** What a configuration folder says, read whole and checked together. */
export interface Config {
  readonly digest: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly settings: Settings;
  /** By file name. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly clients: ReadonlyMap<string, ClientConfig>;
  readonly resources: ReadonlyMap<string, ResourceConfig>;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly policies: ReadonlyMap<string, TrustPolicy>;
  readonly ceilings: ReadonlyMap<string, Ceiling>;
  readonly guardrails: Guardrails;
  readonly points: readonly PointConfig[];
}

export interface Settings {
  readonly name: string;
  readonly issuer: string | undefined;
  readonly lifetimes: Lifetimes;
  readonly sessionMs: number;
  readonly startMs: number;
  readonly bootMs: number;
  readonly taskMaxMs: number;
  readonly bounds: {
    readonly read_ms: number;
    readonly write_ms: number;
    readonly reveal_ms: number;
  };
  readonly roles: readonly RoleRule[];
}

export type Role = "viewer" | "approver" | "operator" | "owner";

export interface RoleRule {
  readonly role: Role;
  readonly issuer: string;
  readonly claims: ClaimRules;
}

/** Every named claim must match: the value itself, or one item of a list; `like` is anchored, `*` stands for any text. */
export type ClaimRules = Readonly<Record<string, { readonly is: string } | { readonly like: string }>>;

export interface TrustedIssuer {
  readonly name: string;
  readonly issuer: string;
  readonly algorithms: readonly JwsAlgorithm[];
  /** Client ids at that issuer whose ID tokens open a session here. */
  readonly sessions: readonly string[];
  /** Audience of an ID token → the client here that it may be used by. */
  readonly idTokens: ReadonlyMap<string, string>;
  readonly accessTokens: { readonly audience: string; readonly clients: ReadonlyMap<string, string> } | undefined;
  readonly maxAgeSeconds: number;
  readonly tasksPerToken: number;
  readonly insecureLoopbackHttp: boolean;
}

export interface ClientConfig {
  readonly client: string;
  readonly title: string;
  readonly key: PublicJwk | "from-subject";
}

export interface ResourceConfig {
  readonly resource: string;
  readonly connector: string;
  readonly connection: string;
  readonly url: string | undefined;
  readonly title: string;
}

export interface TrustPolicy {
  readonly policy: string;
  readonly client: string;
  readonly subject: { readonly issuer: string; readonly claims: ClaimRules };
  readonly may: Authority;
  readonly durationMs: number;
  readonly depth: number;
  readonly uses: number | undefined;
  readonly each: {
    readonly tasksLive?: number;
    readonly tasksPerHour?: number;
    readonly recordsPerHour?: number;
  };
  /** Anything but none is not served yet and refuses. */
  readonly needsApproval: boolean;
}

export interface Ceiling {
  readonly name: string;
  readonly may: Authority;
  readonly depth: number | undefined;
}

export interface PointConfig {
  readonly point: string;
  readonly key: PublicJwk;
  readonly serves: readonly string[];
  readonly may: readonly string[];
}

/** The location that stands for a resource whose URL its point tells: replaced when a request is judged. */
export const placeholderLocation = (resource: string): string => `resource:${resource}`;
