import assert from "node:assert/strict";
import { createPrivateKey, webcrypto } from "node:crypto";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import { testWorld, withBot, type World } from "./world.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const insecure = { [oauth.allowInsecureRequests]: true };

async function idToken(world: World): Promise<string> {
  return authorize({ issuer: world.idp, clientId: "triage-bot" }, (url) => void loginAs(url.href, "dana"));
}

async function botKey(world: World): Promise<CryptoKey> {
  const pkcs8 = createPrivateKey(world.botKey.export({ format: "pem", type: "pkcs8" })).export({
    format: "der",
    type: "pkcs8",
  });
  return webcrypto.subtle.importKey("pkcs8", pkcs8, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
}

test("[interop.exchange] an independent client exchanges, calls, introspects and revokes", async () => {
  await using world = await testWorld(withBot);
  const { issuer, broker, gateway } = world.remit;
  const url = new URL(issuer);
  assert.equal(url.origin, new URL(broker).origin);
  const server = await oauth.processDiscoveryResponse(
    url,
    await oauth.discoveryRequest(url, { algorithm: "oauth2", ...insecure }),
  );
  const client: oauth.Client = { client_id: "triage-bot" };
  // the issuer is the assertion's only audience
  const auth = oauth.PrivateKeyJwt(await botKey(world));
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const resource = `${gateway}/r/jira-acme`;
  const parameters = new URLSearchParams({
    subject_token: await idToken(world),
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    resource,
    authorization_details: JSON.stringify([
      { type: "jira-acme.issue", alias: "PROJ-42", actions: ["read"], fields: { read: ["summary"], write: [] } },
    ]),
  });
  const request = async (): Promise<Response> =>
    oauth.genericTokenEndpointRequest(server, client, auth, EXCHANGE, parameters, { DPoP, ...insecure });
  const first = await request();
  const answer = await oauth
    .processGenericTokenEndpointResponse(server, client, first)
    .catch(async (error: unknown) => {
      assert.ok(oauth.isDPoPNonceError(error), "the first answer asks for a nonce");
      return oauth.processGenericTokenEndpointResponse(server, client, await request());
    });
  assert.equal(answer.token_type, "dpop");

  const call = async (): Promise<Response> =>
    oauth.protectedResourceRequest(
      answer.access_token,
      "GET",
      new URL(`${resource}/rest/api/3/issue/PROJ-42`),
      undefined,
      undefined,
      { DPoP, ...insecure },
    );
  const called = await call().catch(async (error: unknown) => {
    assert.ok(oauth.isDPoPNonceError(error), "the gateway asks for a nonce of its own");
    return call();
  });
  assert.deepEqual(await called.json(), {
    id: "10442",
    key: "PROJ-42",
    fields: { summary: "Login answers 500 on Safari" },
  });

  const introspect = async (): Promise<oauth.IntrospectionResponse> =>
    oauth.processIntrospectionResponse(
      server,
      client,
      await oauth.introspectionRequest(server, client, auth, answer.access_token, insecure),
    );
  const active = await introspect();
  assert.equal(active.active, true);
  assert.equal(active.aud, resource);
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, auth, answer.access_token, insecure),
  );
  assert.deepEqual(await introspect(), { active: false });
});
