import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { judgeProof, readDpopProof, REFUSALS, Secret } from "@remit/core";
import { createAgent, dpopProof, makeDpopKey, refusalOf, wwwAuthenticate } from "../src/index.ts";
import { id, ISSUER, NOW, RESOURCE, scene } from "./support/fixture.ts";

import { type Answer, GRANTED, serve } from "./support/loopback.ts";

test("[agent.renewing] a held token is renewed at half its life, through failures, until the broker says no for good", async (t) => {
  const answers: Answer[] = [
    { status: 200, json: { ...GRANTED, expires_in: 0, lease_until: 4_102_444_800 } },
    { status: 503, json: { error: "temporarily_unavailable", remit: { code: "overloaded" } } },
    { status: 200, json: { ...GRANTED, expires_in: 0, lease_until: 4_102_444_800 } },
    { status: 400, json: { error: "invalid_grant", remit: { code: "task_ended" } } },
  ];
  const { base, asked } = await serve(t, () => answers.shift() ?? { status: 500, json: {} });
  const agent = createAgent({ issuer: ISSUER, base, dpopKey: makeDpopKey() });
  await agent.start("rmt_start_x");
  const keepAlive = setTimeout(() => undefined, 20_000);
  await assert.rejects(agent.keepRenewed(new AbortController().signal), { code: "task_ended" });
  clearTimeout(keepAlive);
  assert.equal(asked.length, 4);
});

test("[agent.renewing] the signal ends the renewing without an error", async (t) => {
  const { base } = await serve(t, () => ({ status: 200, json: GRANTED }));
  const agent = createAgent({ issuer: ISSUER, base, dpopKey: makeDpopKey() });
  await agent.start("rmt_start_x");
  const stop = new AbortController();
  const kept = agent.keepRenewed(stop.signal);
  stop.abort();
  await kept;
});

test("[agent.fetch] a call of the resource passes our own verifier, with nonce, query and body, over real HTTP", async (t) => {
  const of = scene();
  of.present.nowMs = Date.now();
  const now = Math.floor(Date.now() / 1000);
  const token = of.token({ iat: now - 1, nbf: now - 1, exp: now + 60 });
  const seen: string[] = [];
  const { base, asked } = await serve(t, (one) => {
    if (one.path.endsWith("/token")) return { status: 200, json: { ...GRANTED, access_token: token } };
    const { authorization, dpop } = one.headers;
    const path = one.path.split("?")[0] ?? "";
    const result = of.verifier.verify({
      method: one.method,
      // the public URL is configured; here the port of the test's server stands behind it
      url: `http://127.0.0.1:7421${path}`,
      authorization,
      dpop: typeof dpop === "string" ? dpop : undefined,
    });
    seen.push(result.ok ? "ok" : result.error.code);
    const headers = { "dpop-nonce": of.nonces.current() };
    if (result.ok) return { status: 200, json: { body: one.body }, headers };
    const challenge =
      wwwAuthenticate(result.error, "http://127.0.0.1:7421/.well-known/oauth-protected-resource/r/jira-acme") ?? "";
    const { status, error } = REFUSALS[result.error.code];
    return {
      status,
      json: { error, code: result.error.code },
      headers: { ...headers, "www-authenticate": challenge },
    };
  });
  const toPeer: typeof fetch = (url, init) => fetch(String(url).replace("http://127.0.0.1:7421", base), init);
  const agent = createAgent({ issuer: ISSUER, base, dpopKey: of.holder, fetch: toPeer });
  await agent.start("rmt_start_x");
  const path = `${RESOURCE}/rest/api/3/issue/PROJ-42`;
  const put = await agent.fetch(`${path}?notify=false#x`, { method: "PUT", body: '{"fields":{}}' });
  assert.equal(put.status, 200);
  assert.deepEqual(await put.json(), { body: '{"fields":{}}' });
  assert.equal((await agent.fetch(path)).status, 200);
  assert.deepEqual(seen, ["dpop_nonce", "ok", "ok"]);
  of.present.dead = [id("tsk")];
  const refused = await agent.fetch(path);
  assert.equal(refused.status, 401);
  assert.match(
    refused.headers.get("www-authenticate") ?? "",
    /^DPoP error="invalid_token", algs="ES256 EdDSA", resource_metadata="http/,
  );
  assert.equal((await refusalOf(refused))?.code, "token_revoked");
  const before = asked.length;
  for (const elsewhere of [
    "http://127.0.0.1:7421/r/jira-acme-2/x",
    "https://127.0.0.1:7421/r/jira-acme",
    "http://evil.example/r/jira-acme/x",
    "http://u:p@127.0.0.1:7421/r/jira-acme",
    `${RESOURCE}/../other`,
  ])
    await assert.rejects(agent.fetch(elsewhere), { code: "other_resource" }, elsewhere);
  assert.equal(asked.length, before, "nothing was sent there");
});

test("[agent.proof] a proof says method, URL without query, and the hash of what is presented", () => {
  const key = makeDpopKey();
  const accessToken = new Secret("t");
  const proof = dpopProof({
    key,
    method: "GET",
    url: "https://x.example/a?b#c",
    nonce: "n",
    accessToken,
    now: NOW * 1000,
  });
  const read = readDpopProof(proof);
  assert.ok(read.ok);
  const ath = hash("sha256", "t", "base64url");
  const acceptsNonce = (nonce: string | undefined): boolean => nonce === "n";
  const judged = judgeProof(read.value, {
    method: "GET",
    url: "https://x.example/a",
    ath,
    now: NOW,
    acceptsNonce,
  });
  assert.ok(judged.ok);
  assert.equal(read.value.jws.payload["htu"], "https://x.example/a");
});
