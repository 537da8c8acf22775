import { type Connector, type ConnectorLookup, Secret, type SeenSet } from "@remit/core";
import { createVerifier, type Liveness, type Nonces } from "@remit/sdk";
import type { Served } from "./gateway.ts";
import { createLookupMemory } from "./http/look-up.ts";
import { rewriteLinks } from "./http/links.ts";
import { spellingsOf } from "./http/reflected.ts";
import { openUpstream } from "./upstream/upstream.ts";
import { type Connection, injected } from "./vault/connection.ts";

const UPSTREAM_MS = 10_000;

/** What serving one connection takes. */
export interface ServeParts {
  readonly connection: Connection;
  readonly connector: Connector;
  readonly secret: Secret<string>;
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
  secret,
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
  const { header, texts } = injected(connection, secret);
  return {
    ...{ connection, connector, location, lookup, header },
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
    upstream: openUpstream({
      origin: connection.origin,
      loopbackOnly: connection.insecureLoopback,
      headers: connector.headers,
      timeoutMs: UPSTREAM_MS,
    }),
    spellings: new Secret(spellingsOf(texts.reveal())),
  };
}
