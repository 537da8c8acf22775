import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import {
  judgeProof,
  type JsonObject,
  readDpopProof,
  readJws,
  REFUSALS,
  Secret,
  verifyJws,
} from "@remit/core";
import {
  createAgent,
  dpopProof,
  importPublic,
  makeDpopKey,
  publicJwk,
  refusalOf,
  RemitError,
  verifierOf,
  wwwAuthenticate,
} from "../src/index.ts";
import { DETAILS, id, ISSUER, NOW, p256, RESOURCE, scene } from "./support/fixture.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = {
  readonly status: number;
  readonly json: JsonObject;
  readonly headers?: Record<string, string>;
};

/** A loopback server that answers as the test says and keeps what it was sent. */
async function serve(
  t: TestContext,
  answer: (asked: Asked) => Answer,
): Promise<{ readonly base: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = "", url: path = "", headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    const { status, json, headers: more } = answer(one);
    response.writeHead(status, { "content-type": "application/json", ...more });
    response.end(JSON.stringify(json));
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // a TCP listener's address is an object
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, asked };
}

const GRANTED = {
  access_token: "the-token",
  issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
  token_type: "DPoP",
  expires_in: 120,
  authorization_details: DETAILS,
  task: id("tsk"),
  grant: id("grn"),
  lease_until: NOW + 180,
  task_ends: NOW + 3_600,
};

const wantsNonce = (nonce: string): Answer => ({
  status: 400,
  json: { error: "use_dpop_nonce", remit: { code: "nonce_required", decision: id("dec") } },
  headers: { "dpop-nonce": nonce },
});

const proofOf = (asked: Asked | undefined) => {
  const read = readDpopProof(String(asked?.headers["dpop"]));
  assert.ok(read.ok);
  return read.value.jws.payload;
};

const REQUEST = {
  subjectToken: "id-token-of-ada",
  subjectTokenType: "id_token",
  resource: RESOURCE,
  authorizationDetails: DETAILS,
  policy: "triage",
  duration: 60,
} as const;

test("[agent.exchange] an exchange carries assertion, proof and details, and is tried again once with the broker's nonce", async (t) => {
  const { base, asked } = await serve(t, (one) =>
    proofOf(one)["nonce"] === "n1"
      ? { status: 200, json: GRANTED, headers: { "dpop-nonce": "n2" } }
      : wantsNonce("n1"),
  );
  const client = { id: "triage-bot", key: p256() };
  const agent = createAgent({
    issuer: ISSUER,
    base,
    client,
    dpopKey: makeDpopKey(),
    now: () => NOW * 1000,
  });
  const held = await agent.exchange(REQUEST);
  assert.equal(asked.length, 2);
  const [first, second] = asked.map((one) => new URLSearchParams(one.body));
  assert.equal(asked[1]?.path, "/i/test/token");
  assert.equal(second?.get("grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
  assert.equal(second?.get("subject_token_type"), "urn:ietf:params:oauth:token-type:id_token");
  assert.deepEqual(JSON.parse(second?.get("authorization_details") ?? ""), DETAILS);
  assert.equal(second?.get("duration"), "60");
  const assertion = readJws(second?.get("client_assertion") ?? "", { maxBytes: 4_096 });
  assert.ok(assertion.ok);
  const verify = verifierOf(importPublic(publicJwk(client.key)));
  assert.ok(
    verifyJws(assertion.value, { typ: ["client-authentication+jwt"], alg: ["ES256"], verify }).ok,
  );
  const { iss, sub, aud, exp } = assertion.value.payload;
  assert.deepEqual([iss, sub, aud, exp], ["triage-bot", "triage-bot", ISSUER, NOW + 60]);
  assert.notEqual(first?.get("client_assertion"), second?.get("client_assertion"));
  assert.equal(proofOf(asked[1])["htu"], `${base}/i/test/token`);
  assert.equal(proofOf(asked[1])["ath"], undefined);
  assert.deepEqual(
    [held.task, held.grant, held.resource, held.expiresAt],
    [GRANTED.task, GRANTED.grant, RESOURCE, NOW + 120],
  );
  await agent.renew();
  const renewal = new URLSearchParams(asked[2]?.body);
  assert.deepEqual([...renewal.keys()].sort(), ["grant", "grant_type"]);
  assert.equal(proofOf(asked[2])["nonce"], "n2");
});

test("[agent.nonce-once] a broker that always asks for another nonce is tried twice, not for ever", async (t) => {
  let count = 0;
  const { base, asked } = await serve(t, () => wantsNonce(`n${count++}`));
  const agent = createAgent({ issuer: ISSUER, base, dpopKey: makeDpopKey() });
  await assert.rejects(agent.start("rmt_start_x"), { code: "nonce_required" });
  assert.equal(asked.length, 2);
});

test("[agent.errors] a refusal is an error with its code and what would have sufficed, and no error shows a token", async (t) => {
  const refused: JsonObject = {
    error: "invalid_authorization_details",
    error_description: REFUSALS.policy_none.text,
    remit: { code: "policy_none", decision: id("dec") },
    sufficient: DETAILS,
  };
  const answers: Answer[] = [
    { status: 400, json: refused },
    { status: 502, json: {} },
    { status: 200, json: { ...GRANTED, token_type: "Bearer" } },
    {
      status: 200,
      json: {
        ...GRANTED,
        authorization_details: [{ locations: [RESOURCE, "https://other.example"] }],
      },
    },
    { status: 302, json: {}, headers: { location: "/elsewhere" } },
  ];
  const { base, asked } = await serve(t, () => answers.shift() ?? { status: 500, json: {} });
  const agent = createAgent({
    issuer: ISSUER,
    base,
    client: { id: "c", key: p256() },
    dpopKey: makeDpopKey(),
  });
  const fail = async (): Promise<RemitError> => {
    const error: unknown = await agent.exchange(REQUEST).catch((caught: unknown) => caught);
    assert.ok(error instanceof RemitError);
    assert.ok(!inspect(error, { depth: 9 }).includes("id-token-of-ada"));
    assert.ok(!inspect(error, { depth: 9 }).includes("the-token"));
    return error;
  };
  const first = await fail();
  assert.deepEqual(
    [first.code, first.error, first.decision],
    ["policy_none", refused["error"], id("dec")],
  );
  assert.deepEqual(JSON.parse(JSON.stringify(first.sufficient)), DETAILS);
  for (const _rest of [1, 2, 3, 4]) assert.equal((await fail()).code, "answer_malformed");
  assert.equal(asked.length, 5, "no redirect was followed");
  const gone = createAgent({ issuer: ISSUER, base: "http://127.0.0.1:9", dpopKey: makeDpopKey() });
  await assert.rejects(gone.start(new Secret("rmt_start_x")), { code: "unreachable" });
  await assert.rejects(gone.renew(), { code: "no_task" });
});

test("[agent.secret] the held token does not print", async (t) => {
  const { base } = await serve(t, () => ({ status: 200, json: GRANTED }));
  const agent = createAgent({ issuer: ISSUER, base, dpopKey: makeDpopKey() });
  const held = await agent.start("rmt_start_x");
  assert.equal(held.accessToken.reveal(), "the-token");
  assert.ok(
    !inspect(held, { depth: 9 }).includes("the-token") &&
      !JSON.stringify(held).includes("the-token"),
  );
});

test("[agent.session] a session is opened without a client, and a task begun under it with the handle's hash in the proof", async (t) => {
  const { base, asked } = await serve(t, (one) =>
    one.path.endsWith("/token")
      ? { status: 200, json: { access_token: "rmt_ses_x", token_type: "DPoP", expires_in: 60 } }
      : { status: 201, json: { start: "rmt_start_y", expires_in: 30 } },
  );
  const agent = createAgent({
    issuer: ISSUER,
    base,
    dpopKey: makeDpopKey(),
    now: () => NOW * 1000,
  });
  const { session, expiresAt } = await agent.openSession("id-token", "remit-cli");
  assert.equal(expiresAt, NOW + 60);
  const opened = new URLSearchParams(asked[0]?.body);
  assert.equal(opened.get("client_id"), "remit-cli");
  assert.equal(opened.get("client_assertion"), null);
  const { start } = await agent.beginTask(session, {
    resource: "jira-acme",
    authorizationDetails: DETAILS,
    jkt: "x",
  });
  assert.equal(start.reveal(), "rmt_start_y");
  assert.equal(asked[1]?.path, "/i/test/tasks");
  assert.equal(asked[1]?.headers["authorization"], "DPoP rmt_ses_x");
  assert.equal(proofOf(asked[1])["ath"], hash("sha256", "rmt_ses_x", "base64url"));
  await agent.admin(session, "/admin/tasks?limit=1");
  assert.equal(asked[2]?.path, "/admin/tasks?limit=1");
  assert.equal(proofOf(asked[2])["htu"], `${base}/admin/tasks`);
});

test("[agent.end] completing says what was ended, by the grant and the key alone", async (t) => {
  const ended = {
    task: id("tsk"),
    ended_at: NOW * 1000,
    n: 4,
    points: [{ id: id("pnt"), seen_at: null }],
    in_flight: [],
    upstream: [],
  };
  const { base, asked } = await serve(t, (one) => ({
    status: 200,
    json: one.path.endsWith("/end") ? ended : GRANTED,
  }));
  const agent = createAgent({ issuer: ISSUER, base, dpopKey: makeDpopKey() });
  await agent.start("rmt_start_x");
  const answer = await agent.complete();
  assert.deepEqual(
    [answer.n, answer.endedAt, answer.points],
    [4, NOW * 1000, [{ id: id("pnt"), seenAt: null }]],
  );
  assert.equal(asked[1]?.path, `/i/test/tasks/${id("tsk")}/end`);
  assert.equal(new URLSearchParams(asked[1]?.body).get("how"), "complete");
  assert.equal(asked[1]?.headers["authorization"], undefined);
});

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
    if (one.path.endsWith("/token"))
      return { status: 200, json: { ...GRANTED, access_token: token } };
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
      wwwAuthenticate(
        result.error,
        "http://127.0.0.1:7421/.well-known/oauth-protected-resource/r/jira-acme",
      ) ?? "";
    const { status, error } = REFUSALS[result.error.code];
    return {
      status,
      json: { error, code: result.error.code },
      headers: { ...headers, "www-authenticate": challenge },
    };
  });
  const toPeer: typeof fetch = (url, init) =>
    fetch(String(url).replace("http://127.0.0.1:7421", base), init);
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
