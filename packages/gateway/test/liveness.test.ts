import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type JsonObject } from "@remit/core";
import {
  type Answer,
  details,
  GRANT,
  gatewayWorld,
  type GatewayWorld,
  id,
  ISSUE,
  TASK,
} from "./support/gateway-world.ts";
import { PROJECT, projectWorld, withinDetails } from "./support/project-desk.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';
const once = (resource: string): JsonObject => ({ authorization_details: details(resource, { limits: { uses: 20 } }) });

/** Revokes, and waits until the gateway says that it knows. */
async function revoke(world: GatewayWorld, revoked: string): Promise<void> {
  const seen = world.peer.heard("/points/seen");
  world.peer.revoke([{ id: revoked, forget: 3_600 }]);
  await seen;
}

test("[gateway.revoked-in-flight] a read in flight is cut by the revocation, and what a write did is recorded and withheld", async (t) => {
  const world = await gatewayWorld(t);
  await world.call("GET", ISSUE);
  world.upstream.answer = async () => {
    await revoke(world, id("tsk"));
    return false;
  };
  assert.equal((await world.call("GET", ISSUE)).status, 200, "another task's end cuts nothing");
  const tasks = { read: id("tsk"), write: id("tsk") };
  const claims = (task: string): JsonObject => ({ task, live: [task, GRANT] });
  const hang = Promise.withResolvers<boolean>();
  world.upstream.answer = async ({ method }) => {
    await revoke(world, method === "GET" ? tasks.read : tasks.write);
    // a read is not waited for
    return method === "GET" ? hang.promise : false;
  };
  const read = await world.call("GET", ISSUE, { claims: claims(tasks.read) });
  assert.equal(read.status, 401, read.text);
  const cut = world.records().findLast(({ kind }) => kind === "call.read");
  assert.deepEqual([cut?.body["code"], cut?.body["upstream_status"]], ["token_revoked", undefined]);
  const write = await world.call("PUT", ISSUE, { claims: claims(tasks.write), body: PRIORITY });
  assert.equal(write.status, 401, write.text);
  const done = world.records().findLast(({ kind }) => kind === "call.outcome");
  assert.deepEqual([done?.body["outcome"], done?.body["upstream_status"]], ["done", 204]);
  const reached = world.upstream.reached.length;
  assert.equal((await world.call("PUT", ISSUE, { claims: claims(tasks.write), body: PRIORITY })).status, 401);
  assert.equal(world.upstream.reached.length, reached);
  hang.resolve(true);
});

/** A gateway whose upstream does something when it is asked for the last look before a write. */
async function beforeWriting(
  t: TestContext,
  boundsMs: number,
  happens: (world: GatewayWorld) => Promise<void>,
): Promise<{ readonly world: GatewayWorld; readonly claims: JsonObject; readonly answer: Answer }> {
  const { world, desk } = await projectWorld(t, { boundsMs });
  world.peer.state.answers["POST /points/spend"] = { status: 200, body: '{"reservation":"rsv_1","granted":1}' };
  desk.issues.push({ id: "7", key: "PROJ-7", project: PROJECT, version: 1 });
  let reads = 0;
  desk.before = async ({ method }) => {
    reads += method === "GET" ? 1 : 0;
    if (reads === 2) await happens(world);
  };
  const authorization_details = withinDetails(world.resource, { limits: { uses: 20 } });
  const claims = { authorization_details, jti: id("tok") };
  const answer = await world.call("PUT", "/rest/api/3/issue/7", { claims, body: PRIORITY });
  assert.deepEqual(desk.writes, []);
  return { world, claims, answer };
}

test("[gateway.lost-before-sending] a call that is revoked before it is sent is not sent, and its use is not spent", async (t) => {
  const { world, claims, answer } = await beforeWriting(t, 10_000, async (at) => revoke(at, TASK));
  assert.equal(answer.status, 401, answer.text);
  const kinds = world.records().map(({ kind, body }) => [kind, body["outcome"], body["code"]]);
  assert.deepEqual(kinds.slice(1, 3), [
    ["call.intent", undefined, undefined],
    ["call.outcome", "not_sent", "token_revoked"],
  ]);
  // the same grant's next call, in another task, takes the use that was given back
  const task = id("tsk");
  const next = await world.call("GET", "/rest/api/3/issue/7", { claims: { ...claims, task, live: [task, GRANT] } });
  assert.equal(next.status, 200, next.text);
  assert.equal(world.peer.asked.filter(({ path }) => path === "/points/spend").length, 1);
});

test("[gateway.stale-before-sending] a gateway that lost the proof of its freshness on the way does not send", async (t) => {
  const { answer } = await beforeWriting(t, 600, async (world) => {
    world.peer.state.fresh = () => "not an answer";
    while ((await fetch(`${world.base}/readyz`)).status !== 503) await world.peer.heard("/points/challenge");
  });
  assert.deepEqual([answer.status, answer.code], [503, "feed_stale"]);
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
