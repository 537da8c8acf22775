import type { Connector, ConnectorLookup, SeenSet } from "@remit/core";
import { createVerifier, type Liveness, type Nonces } from "@remit/sdk";
import type { Served } from "./gateway.ts";
import { createLookupMemory } from "./http/look-up.ts";
import { rewriteLinks } from "./http/links.ts";
import type { Credential } from "./inject/credential.ts";
import { injecting } from "./inject/injecting.ts";
import { openUpstream } from "./upstream/upstream.ts";
import type { Connection } from "./vault/connection.ts";

const UPSTREAM_MS = 10_000;

/** What serving one connection takes. */
export interface ServeParts {
  readonly connection: Connection;
  readonly connector: Connector;
  readonly credential: Credential;
  readonly base: string;
  readonly issuer: string;
  readonly liveness: Liveness;
  readonly nonces: Nonces;
  readonly seen: SeenSet;
  readonly keyOf: Parameters<typeof createVerifier>[0]["keyOf"];
}

/** Makes one connection ready to serve. */
export function serveOne({
  connection,
  connector,
  credential,
  base,
  issuer,
  liveness,
  nonces,
  seen,
  keyOf,
}: ServeParts): Served {
  const location = `${base}/r/${connection.resource}`;
  const prefix = `${connection.resource}.`;
  const lookup: ConnectorLookup = (type) => {
    const name = type.slice(prefix.length);
    const recordType =
      type.startsWith(prefix) && Object.hasOwn(connector.types, name) ? connector.types[name] : undefined;
    return recordType === undefined ? undefined : { location, connector, recordType };
  };
  return {
    ...{ connection, connector, location, lookup },
    verifier: createVerifier({
      issuer,
      resource: location,
      keyOf,
      lookup,
      standing: liveness,
      nonces,
      seen,
    }),
    links: rewriteLinks(connection.origin, location),
    lookups: createLookupMemory(Date.now),
    upstream: injecting(
      openUpstream({
        origin: connection.origin,
        loopbackOnly: connection.insecureLoopback,
        headers: connector.headers,
        timeoutMs: UPSTREAM_MS,
      }),
      credential,
    ),
    spellings: credential.spellings,
  };
}
