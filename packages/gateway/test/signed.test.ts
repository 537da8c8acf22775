import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { test, type TestContext } from "node:test";
import type { Json } from "@remit/core";
import { readNewConnection } from "../src/vault/connection.ts";
import { gatewayWorld, type GatewayWorld, ISSUE } from "./support/gateway-world.ts";
import { bearerOf, onlyGood, read } from "./support/oauth-world.ts";
import { connectorsTaking, openTokenServer, tell, type TokenServer } from "./support/token-endpoint.ts";
import { ISSUE_ANSWER, sendJson } from "./support/upstream.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const WHO = { issuer: "consumer-key-1", subject: "svc@acme.example", audience: "https://login.salesforce.com" };

const pemOf = (key: KeyObject): string => key.export({ format: "pem", type: "pkcs8" }).toString();
const rsa = (bits = 2_048): KeyObject => generateKeyPairSync("rsa", { modulusLength: bits }).privateKey;
const ec = (namedCurve = "P-256"): KeyObject => generateKeyPairSync("ec", { namedCurve }).privateKey;

interface SignedWorld {
  readonly world: GatewayWorld;
  readonly tokens: TokenServer;
}

async function signedWorld(
  t: TestContext,
  key: KeyObject,
  inject: Readonly<Record<string, string>>,
): Promise<SignedWorld> {
  const tokens = await openTokenServer(t);
  const world = await gatewayWorld(t, {
    connectors: connectorsTaking(t, "signed"),
    inject: { form: "signed", token_endpoint: tokens.url, ...inject },
    secrets: { secret: pemOf(key) },
  });
  world.upstream.answer = (request, response) => onlyGood(tokens, request, response);
  return { world, tokens };
}

/** What an assertion says, if the key signed it. */
function opened(assertion: string, key: KeyObject): { readonly header: Json; readonly claims: Record<string, Json> } {
  const [header = "", claims = "", signature = ""] = assertion.split(".");
  const good = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key: createPublicKey(key), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  assert.ok(good, "the key signed it");
  const parsed = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: parsed(header) as Json, claims: parsed(claims) as Record<string, Json> };
}

test("[injection.signed] an assertion of its own, signed with the kept key, is exchanged for a token as RFC 7523 says, with RSA and P-256", async (t) => {
  for (const [key, alg] of [
    [rsa(), "RS256"],
    [ec(), "ES256"],
  ] as const) {
    const { world, tokens } = await signedWorld(t, key, { ...WHO, key_id: "k1", scope: "api" });
    assert.equal(await read(world), 200);
    tokens.good.clear();
    assert.equal(await read(world), 200, "a token that is refused is replaced");
    assert.equal(bearerOf(world.upstream.reached.at(-1) ?? assert.fail("nothing arrived")), [...tokens.good][0]);
    const jtis = tokens.asked.map(({ form, headers }) => {
      assert.deepEqual([...form.keys()].toSorted(), ["assertion", "grant_type", "scope"]);
      assert.deepEqual(
        [form.get("grant_type"), form.get("scope"), headers.authorization],
        [GRANT_TYPE, "api", undefined],
      );
      const { header, claims } = opened(form.get("assertion") ?? "", key);
      assert.deepEqual(header, { alg, typ: "JWT", kid: "k1" });
      const { iat, exp, jti, ...who } = claims;
      assert.deepEqual(who, { iss: WHO.issuer, sub: WHO.subject, aud: WHO.audience, scope: "api" });
      const now = Date.now() / 1_000;
      assert.ok(Number(iat) <= now && now < Number(exp) && Number(exp) - now <= 180);
      return jti;
    });
    assert.equal(new Set(jtis).size, 2, "each is used once");
  }
});

test("[injection.signed] a GitHub App's signed token is exchanged for its installation's token", async (t) => {
  const key = rsa();
  const { world, tokens } = await signedWorld(t, ec(), WHO);
  const asked = {
    ...{ name: "jira-acme", resource: "jira-acme", connector: "jira", origin: world.upstream.origin, as: "service" },
    ...{ account: "app", insecure_loopback: true, secret: pemOf(key) },
    inject: { form: "signed", exchange: "github-app", issuer: "12345", token_endpoint: tokens.url },
  };
  const end = `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
  const good = { token: "ghs-installation-token-1", expires_at: end, permissions: { issues: "write" } };
  const rows = [
    [201, good, undefined],
    [200, good, /refused \(200\)/],
    [201, { ...good, token: 1 }, /without a token/],
    [201, { ...good, expires_at: "soon" }, /without the moment of its end/],
    [401, { message: "A JSON web token could not be decoded" }, /refused \(401\)/],
  ] as const;
  for (const [status, body, missing] of rows) {
    tokens.answer = (_asked, response) => tell(response, status, body);
    const kept = await world.admin("POST", "/connections", asked);
    const told = (JSON.parse(kept.text) as { readonly missing?: string }).missing;
    if (missing === undefined) assert.equal(told, undefined);
    else assert.match(told ?? "", missing);
    const last = tokens.asked.at(-1);
    const { claims } = opened((last?.headers.authorization ?? "").replace("Bearer ", ""), key);
    assert.deepEqual(Object.keys(claims).toSorted(), ["exp", "iat", "iss", "jti"]);
    assert.deepEqual([claims["iss"], [...(last?.form ?? [])]], ["12345", []]);
    assert.ok(Number(claims["exp"]) - Number(claims["iat"]) <= 600);
  }
});

test("[injection.signed] the key, its assertions and its tokens are in no answer, and an answer that holds one is withheld", async (t) => {
  const key = rsa();
  const { world, tokens } = await signedWorld(t, key, WHO);
  const pem = pemOf(key);
  const der = key.export({ format: "der", type: "pkcs8" });
  assert.equal(await read(world), 200);
  const secrets = [
    ...[pem, pem.replaceAll("\n", ""), der.toString("base64"), der.toString("hex")],
    ...[tokens.asked[0]?.form.get("assertion") ?? assert.fail("no assertion"), [...tokens.good][0] ?? ""],
  ];
  for (const secret of secrets) {
    world.upstream.answer = (_request, response) =>
      sendJson(response, 200, { ...ISSUE_ANSWER, fields: { summary: `a ${secret} b` } });
    assert.equal((await world.call("GET", ISSUE)).code, "reflected_secret", secret.slice(0, 40));
  }
  const listed = await world.admin("GET", "/connections");
  assert.match(listed.text, /consumer-key-1/);
  const body = der.toString("base64").slice(40, 100);
  for (const text of [listed.text, world.faults(), JSON.stringify(world.records())]) assert.ok(!text.includes(body));
});

test("[injection.said-at-connect] how tokens are obtained is read strictly, and its places are checked as the origin is", () => {
  const refresh = { form: "oauth_refresh", token_endpoint: "https://login.acme.example/token", client_id: "c" };
  const signed = { form: "signed", token_endpoint: "https://login.acme.example/token", ...WHO };
  const app = { form: "signed", exchange: "github-app", token_endpoint: "https://api.github.example/x", issuer: "1" };
  const base = {
    ...{ name: "sf", resource: "sf", connector: "sf", origin: "https://acme.example", as: "service", account: "svc" },
  };
  const secret = "refresh-token-1";
  const key = pemOf(ec());
  const good: readonly Readonly<Record<string, Json>>[] = [
    { inject: refresh, secret, client_secret: "client-secret-1" },
    { inject: { ...refresh, client_auth: "none" }, secret },
    { inject: signed, secret: key },
    { inject: app, secret: pemOf(rsa()) },
  ];
  for (const one of good) assert.equal(typeof readNewConnection({ ...base, ...one }), "object", JSON.stringify(one));
  const locked = rsa().export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }).toString();
  const bad: readonly (readonly [said: RegExp, change: Readonly<Record<string, Json>>])[] = [
    ...["http://login.acme.example/token", "ftp://x.example/"].map(
      (token_endpoint) => [/origin is https/, { inject: { ...refresh, token_endpoint } }] as const,
    ),
    ...["https://x.example/token?a=b", "https://x.example/token#f", "https://u:p@x.example/token"].map(
      (token_endpoint) => [/no query, fragment or user/, { inject: { ...refresh, token_endpoint } }] as const,
    ),
    [/is written/, { inject: { ...refresh, token_endpoint: "https://x.example/a/../token" } }],
    [/is a URL/, { inject: { ...refresh, token_endpoint: "login" } }],
    [/this machine only/, { inject: refresh, origin: "http://127.0.0.1:1", insecure_loopback: true }],
    [/takes no `audience`/, { inject: { ...refresh, audience: "x" } }],
    [/needs `client_id`/, { inject: { form: "oauth_refresh", token_endpoint: "https://x.example/token" } }],
    [/client_auth is/, { inject: { ...refresh, client_auth: "jwt" } }],
    [/is printable text/, { inject: { ...refresh, client_id: "a\nb" } }],
    [/is printable text/, { inject: { ...refresh, scope: 1 } }],
    [/client_secret is 6/, { client_secret: "x y" }],
    [/has no client_secret/, { inject: { ...refresh, client_auth: "none" }, client_secret: "client-secret-1" }],
    [/takes no client_secret/, { inject: { form: "bearer" }, client_secret: "client-secret-1" }],
    [/needs `subject` and `audience`/, { inject: { ...app, exchange: "jwt-bearer" }, secret: key }],
    [/takes no subject/, { inject: { ...signed, exchange: "github-app" }, secret: key }],
    [/exchange is/, { inject: { ...signed, exchange: "other" }, secret: key }],
    [/private key as PEM/, { inject: signed, secret: "not a key" }],
    [/not encrypted/, { inject: signed, secret: locked }],
    [/2048 or more bits/, { inject: signed, secret: pemOf(rsa(1_024)) }],
    [/P-256/, { inject: signed, secret: pemOf(ec("P-384")) }],
    [/inject is bearer/, { inject: { ...signed, form: "toString" }, secret: key }],
  ];
  for (const [said, change] of bad) {
    const { client_secret: own = "client-secret-1" } = change;
    const ownSecret = "secret" in change ? {} : { secret, client_secret: own };
    const told = readNewConnection({ ...base, inject: refresh, ...ownSecret, ...change });
    assert.match(typeof told === "string" ? told : "taken", said, JSON.stringify(change));
  }
});
