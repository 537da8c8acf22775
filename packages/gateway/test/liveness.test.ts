import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject } from "@remit/core";
import { details, GRANT, gatewayWorld, type GatewayWorld, id, ISSUE, TASK } from "./support/gateway-world.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';
const once = (resource: string): JsonObject => ({ authorization_details: details(resource, { limits: { uses: 20 } }) });

/** Revokes, and waits until the gateway says that it knows. */
async function revoke(world: GatewayWorld, revoked: string): Promise<void> {
  const seen = world.peer.heard("/points/seen");
  world.peer.revoke([{ id: revoked, forget: 3_600 }]);
  await seen;
}

test("[gateway.revoked-in-flight] an answer that comes back after the revocation is withheld, and recorded", async (t) => {
  const world = await gatewayWorld(t);
  await world.call("GET", ISSUE);
  world.upstream.answer = async () => {
    await revoke(world, GRANT);
    return false;
  };
  const answer = await world.call("GET", ISSUE);
  assert.equal(answer.status, 401, answer.text);
  assert.ok(!answer.text.includes("Login fails"));
  const last = world.records().findLast(({ kind }) => kind === "call.read");
  assert.equal(last?.body["upstream_status"], 200);
  const reached = world.upstream.reached.length;
  assert.equal((await world.call("PUT", ISSUE, { body: PRIORITY })).status, 401);
  assert.equal(world.upstream.reached.length, reached);
});

test("[gateway.lost-before-sending] a call that is revoked before it is sent is not sent, and its use is not spent", async (t) => {
  const world = await gatewayWorld(t);
  world.peer.state.answers["POST /points/spend"] = { status: 200, body: '{"reservation":"rsv_1","granted":1}' };
  const claims = { ...once(world.resource), jti: id("tok") };
  world.upstream.answer = async ({ method }) => {
    // the revocation arrives between the gateway's own lookup and the write
    if (method === "GET") await revoke(world, TASK);
    return false;
  };
  const move = { body: '{"transition":{"id":"31"}}', claims };
  const answer = await world.call("POST", `${ISSUE}/transitions`, move);
  assert.equal(answer.status, 401, answer.text);
  assert.deepEqual(
    world.upstream.reached.map(({ method }) => method),
    ["GET"],
  );
  const kinds = world.records().map(({ kind, body }) => [kind, body["outcome"]]);
  assert.deepEqual(kinds.slice(1, 3), [
    ["call.intent", undefined],
    ["call.outcome", "not_sent"],
  ]);
  // the same grant's next call, in another task, takes the use that was given back
  const task = id("tsk");
  const next = await world.call("GET", ISSUE, { claims: { ...claims, task, live: [task, GRANT] } });
  assert.equal(next.status, 200, next.text);
  assert.equal(world.peer.asked.filter(({ path }) => path === "/points/spend").length, 1);
});

test("[gateway.stale-stops] without an answer to its challenges the gateway stops itself within the bound", async (t) => {
  const world = await gatewayWorld(t, { boundsMs: 600 });
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  world.peer.state.fresh = () => "not an answer";
  const begun = performance.now();
  for (;;) {
    const answer = await world.call("GET", ISSUE);
    if (answer.status === 503) {
      assert.equal(answer.code, "feed_stale");
      assert.equal(answer.headers.get("retry-after"), "1");
      break;
    }
    assert.ok(performance.now() - begun < 2_000, "it stopped");
  }
  const reached = world.upstream.reached.length;
  assert.equal((await world.call("PUT", ISSUE, { body: PRIORITY })).status, 503);
  assert.equal(world.upstream.reached.length, reached);
  world.peer.state.fresh = (nonce) => world.peer.honestFresh(nonce);
  while ((await world.call("GET", ISSUE)).status !== 200) await world.peer.heard("/points/challenge");
});

test("[gateway.uses-limit] a grant with uses gets nothing sent when the broker has none left or cannot be asked", async (t) => {
  const world = await gatewayWorld(t);
  const claims = once(world.resource);
  const answers = [
    [{ status: 429, body: '{"error":"limit"}' }, "limit", 429],
    [{ status: 200, body: '{"reservation":"rsv_1","granted":0}' }, "limit", 429],
    [{ status: 500, body: "{}" }, "budget_unavailable", 503],
    [{ status: 200, body: '{"granted":1}' }, "budget_unavailable", 503],
  ] as const;
  for (const [answer, code, status] of answers) {
    world.peer.state.answers["POST /points/spend"] = answer;
    const refused = await world.call("GET", ISSUE, { claims });
    assert.deepEqual([refused.code, refused.status], [code, status]);
  }
  assert.deepEqual(world.upstream.reached, []);
  world.peer.state.answers["POST /points/spend"] = { status: 200, body: '{"reservation":"rsv_2","granted":2}' };
  const token = { ...claims, jti: "tok_01KAT8ZZZZZZZZZZZZZZZZZZZZ" };
  const before = world.peer.asked.filter(({ path }) => path === "/points/spend").length;
  for (let turn = 0; turn < 4; turn++) assert.equal((await world.call("GET", ISSUE, { claims: token })).status, 200);
  const asked = world.peer.asked.filter(({ path }) => path === "/points/spend").slice(before);
  assert.equal(asked.length, 2, "two uses a block");
  assert.deepEqual(asked[0]?.body["grant"], GRANT);
});
