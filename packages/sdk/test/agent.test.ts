import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import { type JsonObject, readJws, REFUSALS, Secret, verifyJws } from "@remit/core";
import { createAgent, importPublic, makeDpopKey, publicJwk, RemitError, verifierOf } from "../src/index.ts";
import { DETAILS, id, ISSUER, NOW, p256, RESOURCE } from "./support/fixture.ts";

import { type Answer, GRANTED, proofOf, REQUEST, serve, wantsNonce } from "./support/loopback.ts";

test("[agent.exchange] an exchange carries assertion, proof and details, and is tried again once with the broker's nonce", async (t) => {
  const { base, asked } = await serve(t, (one) =>
    proofOf(one)["nonce"] === "n1" ? { status: 200, json: GRANTED, headers: { "dpop-nonce": "n2" } } : wantsNonce("n1"),
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
  assert.ok(verifyJws(assertion.value, { typ: ["client-authentication+jwt"], alg: ["ES256"], verify }).ok);
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
  assert.deepEqual([first.code, first.error, first.decision], ["policy_none", refused["error"], id("dec")]);
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
  assert.ok(!inspect(held, { depth: 9 }).includes("the-token") && !JSON.stringify(held).includes("the-token"));
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
  assert.deepEqual([answer.n, answer.endedAt, answer.points], [4, NOW * 1000, [{ id: id("pnt"), seenAt: null }]]);
  assert.equal(asked[1]?.path, `/i/test/tasks/${id("tsk")}/end`);
  assert.equal(new URLSearchParams(asked[1]?.body).get("how"), "complete");
  assert.equal(asked[1]?.headers["authorization"], undefined);
});
