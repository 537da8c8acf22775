import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConnectorLookup, SeenSet } from "@remit/core";
import { createNonces, createVerifier, dpopProof, NONCE_LIFE_SECONDS, readTokenKeys, type Verifier } from "@remit/sdk";
import {
  fixedClock,
  fixedStanding,
  hostileUpstream,
  issueToken,
  type IssuedToken,
  startRemit,
  type TestRemit,
} from "@remit/testkit";
import { readConnectors } from "../../gateway/src/connectors.ts";

const lookupAt =
  (location: string): ConnectorLookup =>
  (type) => {
    const connector = readConnectors(undefined).get("jira");
    const recordType = connector?.types[type.replace(/^jira-acme\./, "")];
    return connector === undefined || recordType === undefined ? undefined : { location, connector, recordType };
  };

/** The keys that the broker publishes. */
async function keysOf(remit: TestRemit): Promise<NonNullable<ReturnType<typeof readTokenKeys>>> {
  const metadata = await fetch(
    `${remit.brokerUrl}/.well-known/oauth-authorization-server${new URL(remit.issuer).pathname}`,
  );
  const { jwks_uri } = (await metadata.json()) as { jwks_uri: string };
  const keys = readTokenKeys((await (await fetch(jwks_uri)).json()) as never);
  assert.ok(keys !== undefined);
  return keys;
}

test("[testkit.fixed-clock] a resource server's verifier judges a real token at any time, and by any revocation, without waiting", async () => {
  await using remit = await startRemit();
  await using upstream = await hostileUpstream();
  await remit.connect({ origin: upstream.origin, secret: "an-upstream-key" });
  await remit.serving();
  const clock = fixedClock(Date.now());
  const standing = fixedStanding(clock);
  const nonces = createNonces(clock.monotonicMs);
  const issued = await issueToken(remit, { now: clock.now });
  const keys = await keysOf(remit);
  const verifier = createVerifier({
    issuer: remit.issuer,
    resource: issued.held.resource,
    keyOf: (kid) => keys.get(kid),
    lookup: lookupAt(issued.held.resource),
    ...{ standing, nonces, seen: new SeenSet(100, NONCE_LIFE_SECONDS) },
  });
  const outcome = (): string => call(verifier, issued, clock.now(), nonces.current());
  clock.set(issued.held.receivedAt * 1000 + 1_000);
  assert.equal(outcome(), "ok");
  clock.advance(100_000);
  assert.equal(outcome(), "ok");
  standing.fresh = false;
  assert.match(outcome(), /^feed_stale/);
  standing.fresh = true;
  clock.advance(100_000);
  assert.match(outcome(), /^token_invalid: claim exp/);
  clock.set(issued.held.receivedAt * 1000 + 1_000);
  assert.equal(outcome(), "ok");
  standing.revoke(issued.held.task);
  assert.match(outcome(), /^token_revoked/);
  assert.throws(() => clock.advance(-1), RangeError);
});

function call(verifier: Verifier, { held, key }: IssuedToken, now: number, nonce: string): string {
  const url = `${held.resource}/rest/api/3/issue/PROJ-42`;
  const { accessToken } = held;
  const result = verifier.verify({
    ...{ method: "GET", url, authorization: `DPoP ${accessToken.reveal()}` },
    dpop: dpopProof({ key, method: "GET", url, nonce, accessToken, now }),
  });
  return result.ok ? "ok" : `${result.error.code}: ${result.error.detail}`;
}
