import type { Connector, ConnectorLookup, RewriteLink, Secret } from "@remit/core";
import type { Liveness, Nonces, PointChannel, Verifier } from "@remit/sdk";
import type { Finder } from "./http/finder.ts";
import type { Flights } from "./in-flight.ts";
import type { LookupMemory } from "./http/look-up.ts";
import type { CredentialedUpstream } from "./inject/injecting.ts";
import type { Log } from "./log/log.ts";
import type { RefusalLog } from "./log/refusals.ts";
import type { Uses } from "./uses.ts";
import type { Connection } from "./vault/connection.ts";

/** A resource as this gateway serves it: everything of it comes from this gateway's own vault and connectors. */
export interface Served {
  readonly connection: Connection;
  readonly connector: Connector;
  /** The resource's URL: audience of its tokens. */
  readonly location: string;
  readonly lookup: ConnectorLookup;
  readonly verifier: Verifier;
  readonly upstream: CredentialedUpstream;
  readonly lookups: LookupMemory;
  /** What URLs of the upstream are to callers. */
  readonly links: RewriteLink;
  /** Every spelling of the credential that an answer must not hold. */
  readonly spellings: Secret<Finder>;
}

/** Everything that a call works with; wired once, in `start.ts`. */
export interface Gateway {
  readonly base: string;
  readonly point: () => string;
  readonly served: (resource: string) => Served | undefined;
  readonly channel: PointChannel;
  readonly liveness: Liveness;
  readonly nonces: Nonces;
  readonly log: Log;
  readonly refusals: RefusalLog;
  readonly uses: Uses;
  readonly flights: Flights;
  readonly newDecision: () => string;
}
