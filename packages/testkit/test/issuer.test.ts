import assert from "node:assert/strict";
import { test } from "node:test";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { startIssuer } from "@remit/testkit";

test("[testkit.issuer] an independent library finds the issuer's keys and verifies its tokens", async () => {
  await using issuer = await startIssuer({ dana: { groups: ["support"] } });
  const found = await fetch(`${issuer.url}/.well-known/openid-configuration`);
  const metadata = (await found.json()) as { issuer: string; jwks_uri: string };
  assert.equal(metadata.issuer, issuer.url);
  const keys = (): ReturnType<typeof createRemoteJWKSet> => createRemoteJWKSet(new URL(metadata.jwks_uri));
  const rules = { issuer: issuer.url, audience: "an-app" };
  const token = issuer.idToken("dana", "an-app");
  const { payload } = await jwtVerify(token, keys(), rules);
  assert.equal(payload.sub, "dana");
  assert.deepEqual(payload["groups"], ["support"]);
  assert.notEqual(issuer.idToken("dana", "an-app"), token, "each token is another one");
  await assert.rejects(jwtVerify(issuer.idToken("dana", "an-app", { exp: 1 }), keys(), rules), errors.JWTExpired);
  issuer.rotate();
  await assert.rejects(jwtVerify(token, keys(), rules), errors.JWKSNoMatchingKey);
  await jwtVerify(issuer.idToken("dana", "an-app"), keys(), rules);
});

test("[testkit.hold] what is held waits until it is released, and the test hears that it is there", async () => {
  await using issuer = await startIssuer({});
  const hold = issuer.hold();
  let answered = false;
  const asked = fetch(`${issuer.url}/jwks`).then((response) => {
    answered = true;
    return response.json();
  });
  assert.deepEqual(await hold.arrived(), ["/jwks"]);
  assert.equal(answered, false);
  hold.release();
  assert.equal(((await asked) as { keys: readonly unknown[] }).keys.length, 1);
  assert.equal((await fetch(`${issuer.url}/jwks`)).status, 200, "later ones are not held");
});
