import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { ISSUE } from "./support/gateway-world.ts";
import { bearerOf, CLIENT, CLIENT_SECRET, holdTokens, oauthWorld, onlyGood, read } from "./support/oauth-world.ts";
import { type Asked, openTokenServer, tell } from "./support/token-endpoint.ts";
import { sendJson } from "./support/upstream.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';

test("[injection.refresh] access tokens are obtained for the refresh token as RFC 6749 says, and sent to the upstream alone", async (t) => {
  const { world, tokens } = await oauthWorld(t);
  assert.equal(await read(world), 200);
  const [first] = tokens.asked;
  assert.equal(first?.path, "/oauth2/token");
  assert.deepEqual(Object.fromEntries(first.form), { grant_type: "refresh_token", refresh_token: tokens.given[0] });
  const pair = Buffer.from("remit%3Aclient:client-canary%2B%2F%252F%264Jk2").toString("base64");
  assert.equal(first.headers.authorization, `Basic ${pair}`);
  assert.equal(first.headers["content-type"], "application/x-www-form-urlencoded");
  assert.equal(tokens.asked.length, 1, "one token serves until it is due");
  assert.deepEqual(
    world.upstream.reached.map((request) => bearerOf(request)),
    [[...tokens.good][0]],
  );
  const listed = await world.admin("GET", "/connections");
  for (const text of [listed.text, JSON.stringify(world.records())])
    for (const secret of [...tokens.given, CLIENT_SECRET]) assert.ok(!text.includes(secret), secret);
});

test("[injection.refresh] a client proves itself in the form or not at all where that is said, and a scope is asked for", async (t) => {
  const { world, tokens, asked } = await oauthWorld(t);
  const { client_secret: _none, ...without } = asked;
  const rows = [
    [
      { client_auth: "post", scope: "read write" },
      { client_id: CLIENT, client_secret: CLIENT_SECRET, scope: "read write" },
    ],
    [{ client_auth: "none" }, { client_id: CLIENT }],
  ] as const;
  for (const [more, sent] of rows) {
    const secrets = {
      secret: tokens.refresh,
      ...(more.client_auth === "post" ? { client_secret: CLIENT_SECRET } : {}),
    };
    const inject = { form: "oauth_refresh", token_endpoint: tokens.url, client_id: CLIENT, ...more };
    const refresh = tokens.refresh;
    const kept = await world.admin("POST", "/connections", { ...without, ...secrets, inject });
    assert.equal(kept.status, 201, kept.text);
    const last = tokens.asked.at(-1);
    const expected = { grant_type: "refresh_token", refresh_token: refresh, ...sent };
    assert.deepEqual(Object.fromEntries(last?.form ?? []), expected);
    assert.equal(last?.headers.authorization, undefined);
    assert.equal(await read(world), 200);
  }
});

test("[injection.renewed-once] when the upstream refuses a token, all calls wait for one renewal and are sent once more, a write with one record", async (t) => {
  const { world, tokens } = await oauthWorld(t);
  assert.equal(await read(world), 200);
  tokens.good.clear();
  const before = world.upstream.reached.length;
  const held = holdTokens(tokens);
  const calls = Promise.all([
    ...Array.from({ length: 20 }, async () => read(world)),
    world.call("PUT", ISSUE, { body: PRIORITY }).then(({ status }) => status),
  ]);
  await held.arrived;
  held.release();
  assert.deepEqual((await calls).toSorted(), [...Array.from({ length: 20 }, () => 200), 204]);
  assert.equal(tokens.asked.length, 2);
  const writes = world.upstream.reached.slice(before).filter(({ method }) => method === "PUT");
  assert.ok(writes.length <= 2 && bearerOf(writes.at(-1) ?? assert.fail("no write")) === [...tokens.good][0]);
  const kinds = world
    .records()
    .flatMap(({ kind }) => (kind.startsWith("call.i") || kind === "call.outcome" ? [kind] : []));
  assert.deepEqual(kinds, ["call.intent", "call.outcome"]);
});

test("[injection.not-hammered] an upstream that refuses every token makes a few requests for tokens, and each call is refused", async (t) => {
  const { world, tokens } = await oauthWorld(t);
  world.upstream.answer = (_request, response) => sendJson(response, 401, { message: "never" });
  for (let n = 0; n < 12; n++) assert.equal((await world.call("GET", ISSUE)).code, "upstream_refused");
  assert.equal(tokens.asked.length, 3);
  assert.ok(world.upstream.reached.length <= 12 + 2, "a refused token is replaced, or not asked with again");
  assert.ok(world.upstream.reached.every((request) => bearerOf(request).startsWith("access-")));
});

test("[injection.rotation-durable] a gateway that is killed when the new token first arrives at the upstream goes on with the rotated refresh token", async (t) => {
  const { world, tokens } = await oauthWorld(t, { expires_in: 3_600 }, { apart: true });
  assert.equal(await read(world), 200);
  for (let round = 1; round <= 3; round++) {
    tokens.good.clear();
    const killed = Promise.withResolvers<void>();
    let once = false;
    world.upstream.answer = (request, response) => {
      if (once || !tokens.good.has(bearerOf(request))) return onlyGood(tokens, request, response);
      once = true;
      void world.killed().then(killed.resolve, killed.reject);
      return true;
    };
    await assert.rejects(world.call("GET", ISSUE), TypeError, "the gateway went away");
    await killed.promise;
    assert.equal(await read(world), 200);
    const spent = tokens.asked.map(({ form }) => form.get("refresh_token"));
    assert.equal(new Set(spent).size, spent.length, "no refresh token was presented twice");
    assert.equal(tokens.asked.length, 1 + 2 * round);
  }
  assert.doesNotMatch(world.faults(), /invalid_grant/);
});

test("[injection.rotation-durable] a token whose refresh token cannot be saved is not used, and not asked for again", async (t) => {
  const { world, tokens } = await oauthWorld(t, { expires_in: 0 });
  const database = new DatabaseSync(join(world.data, "gateway.db"));
  t.after(() => database.close());
  database.exec("begin immediate");
  const reached = world.upstream.reached.length;
  assert.equal((await world.call("GET", ISSUE)).code, "injection_failed");
  assert.equal(world.upstream.reached.length, reached);
  assert.equal(tokens.asked.length, 2);
  database.exec("rollback");
  tokens.answer = () => assert.fail("it was asked again");
  let status = await read(world);
  while (status === 502) status = await read(world);
  assert.equal(status, 200);
  assert.equal(bearerOf(world.upstream.reached.at(-1) ?? assert.fail("nothing arrived")), [...tokens.good][0]);
});

test("[injection.failed-closed] whatever a token endpoint answers that is no token refuses the call, sends nothing and tells nothing", async (t) => {
  const { world, tokens, asked } = await oauthWorld(t);
  const canaries = [...tokens.given, CLIENT_SECRET];
  const elsewhere = await openTokenServer(t);
  const good = { access_token: "access-of-another-kind", token_type: "Bearer", expires_in: 60 };
  const json =
    (body: unknown, status = 200) =>
    (response: ServerResponse): boolean =>
      tell(response, status, body);
  const raw =
    (text: string | Buffer, headers: Readonly<Record<string, string>>, status = 200) =>
    (response: ServerResponse): boolean => {
      response.writeHead(status, headers).end(text);
      return true;
    };
  const type = { "content-type": "application/json" };
  const rows: readonly (readonly [said: RegExp, act: (response: ServerResponse, request: Asked) => boolean])[] = [
    ...[301, 302, 303, 307, 308].map(
      (status) => [new RegExp(`refused \\(${status}\\)`), raw("", { location: elsewhere.url }, status)] as const,
    ),
    [/not a JSON object/, raw("<html>log in</html>", { "content-type": "text/html" })],
    [/not a JSON object/, raw(JSON.stringify(good), { "content-type": "text/plain" })],
    [/not a JSON object/, raw('{"access_token":"one-token","access_token":"two-token","token_type":"Bearer"}', type)],
    [/no usable answer/, raw("x".repeat(10_000_000), type)],
    [/encoded/, raw(gzipSync(JSON.stringify(good)), { ...type, "content-encoding": "gzip" })],
    [/no usable answer/, (response) => response.destroy() !== undefined],
    [/another token type/, json({ ...good, token_type: "DPoP" })],
    [/another token type/, json({ ...good, token_type: undefined })],
    [/no number of seconds/, json({ ...good, expires_in: -1 })],
    [/without an access token/, json({ ...good, access_token: "a b\r\nx: y" })],
    [/without an access token/, json({ ...good, access_token: 7 })],
    [/refresh token that cannot be sent/, json({ ...good, refresh_token: "" })],
    [/refused \(400, invalid_grant\)/, json({ error: "invalid_grant", error_description: "spent" }, 400)],
    [
      /refused \(400\)/,
      (response, { form }) =>
        tell(response, 400, { error: form.get("refresh_token"), error_uri: form.get("refresh_token") }),
    ],
    [/refused \(500\)/, (response, { form }) => tell(response, 500, [...form])],
    [/refused \(201\)/, json(good, 201)],
  ];
  const reached = world.upstream.reached.length;
  for (const [said, act] of rows) {
    tokens.answer = (request, response) => act(response, request);
    const kept = await world.admin("POST", "/connections", asked);
    assert.equal(kept.status, 201);
    assert.match((JSON.parse(kept.text) as { readonly missing: string }).missing, said);
    for (const [method, body] of [["GET"], ["PUT", PRIORITY]] as const) {
      const answer = await world.call(method, ISSUE, body === undefined ? {} : { body });
      assert.deepEqual([answer.status, answer.code], [502, "injection_failed"], String(said));
      for (const canary of canaries) assert.ok(!(answer.text + kept.text).includes(canary));
    }
  }
  assert.equal(world.upstream.reached.length, reached);
  assert.equal(elsewhere.asked.length, 0);
  const told = world.faults() + JSON.stringify(world.records());
  for (const canary of canaries) assert.ok(!told.includes(canary));
  assert.equal(tokens.asked.length, 1 + rows.length, "once for each connection, and not for each call");
});
