import type { ConnectorLookup, Generations, JwsHeader } from "@remit/core";
import type { Asking } from "./asking.ts";
import type { Config } from "./config/model.ts";
import type { Feed } from "./feed/feed.ts";
import type { ClientAuthenticator } from "./identity/client-auth.ts";
import type { IssuerKeys } from "./identity/issuer-keys.ts";
import type { Nonces } from "./identity/nonces.ts";
import type { Prover } from "./identity/proofs.ts";
import type { Keyring } from "./keys/keyring.ts";
import type { Channels, ServedResource } from "./points/channels.ts";
import type { RefusalNotes } from "./refusal-notes.ts";
import type { Store } from "./store/store.ts";

/** Everything that the use cases work with; wired once, in `main.ts`. */
export interface Broker {
  readonly config: Config;
  readonly store: Store;
  readonly ring: Keyring;
  readonly feed: Feed;
  readonly channels: Channels;
  readonly keys: IssuerKeys;
  readonly clients: ClientAuthenticator;
  readonly prover: Prover;
  readonly nonces: Nonces;
  readonly notes: RefusalNotes;
  readonly asking: Asking;
  /** Headers of access tokens as they were read before. */
  readonly tokenHeaders: Generations<JwsHeader>;
  /** The issuer identifier: a fixed text. */
  readonly issuer: string;
  /** Where this process can be reached now; path and origin of the endpoints. */
  readonly base: string;
  /** The two parts of `base`: where this process is, and the path of the issuer's endpoints. */
  readonly origin: string;
  readonly path: string;
  readonly succession: string;
  /** Where enforcement points meet this process now. */
  readonly pointsUrl: () => string;
  readonly pin: string;
  readonly now: () => number;
  /** When this process took its configuration: what is older may have been granted under another. */
  readonly startedMs: number;
  readonly newDecision: () => string;
}

/** A configured resource that a point serves now with the connector that is configured. */
export interface Reachable extends ServedResource {
  readonly resource: string;
  readonly lookup: ConnectorLookup;
}

/** Finds a resource by name or URL; undefined if it is not configured, "unavailable" if nobody serves it now. */
export function reach(
  broker: Pick<Broker, "config" | "channels">,
  named: string,
): Reachable | "unavailable" | undefined {
  for (const resource of broker.config.resources.values()) {
    const served = broker.channels.served(resource.resource);
    const url = resource.url ?? served?.url;
    if (named !== resource.resource && named !== url) continue;
    const connector = broker.config.connectors.get(resource.connector);
    if (served === undefined || connector === undefined || served.url !== url) return "unavailable";
    if (served.connector !== connector.digest || served.connectionName !== resource.connection) return "unavailable";
    const lookup: ConnectorLookup = (type) =>
      type.startsWith(`${resource.resource}.`) ? typesAt(broker.config, served.url)(type) : undefined;
    return { ...served, resource: resource.resource, lookup };
  }
  return undefined;
}

/** What the configuration knows of entry types, for a resource at a URL; whether anybody serves it now is not asked. */
export const typesAt =
  (config: Pick<Config, "resources" | "connectors">, location: string): ConnectorLookup =>
  (type) => {
    const at = type.lastIndexOf(".");
    const connector = config.connectors.get(config.resources.get(type.slice(0, at))?.connector ?? "");
    const name = type.slice(at + 1);
    const recordType =
      connector !== undefined && Object.hasOwn(connector.types, name) ? connector.types[name] : undefined;
    return connector === undefined || recordType === undefined ? undefined : { location, connector, recordType };
  };
