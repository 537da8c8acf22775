import assert from "node:assert/strict";
import { test } from "node:test";
import { type LivenessFault } from "../src/index.ts";
import { id, jws, NOW, p256 } from "./support/fixture.ts";

import { BOUNDS, LIVE, run, until } from "./support/joined.ts";

test("[liveness.follow] a point becomes fresh, applies a revocation at once, tells who listens, and acknowledges it", async (t) => {
  const { peer, liveness, asked } = await run(t);
  assert.equal(liveness.isFresh("read"), false);
  assert.equal(liveness.judge(LIVE, "read")?.code, "feed_stale");
  await until(peer, () => liveness.isFresh("money"));
  assert.equal(liveness.judge(LIVE, "money"), undefined);
  const { promise: ended, resolve } = Promise.withResolvers<readonly string[]>();
  liveness.onEnd((ids) => {
    resolve(ids);
    return [];
  });
  const seen = peer.heard("/points/seen");
  peer.revoke([{ id: id("tsk"), forget: NOW + 10 }]);
  assert.deepEqual(await ended, [id("tsk")]);
  assert.equal(liveness.judge(LIVE, "read")?.code, "token_revoked");
  await seen;
  assert.deepEqual(peer.asked.findLast((one) => one.path === "/points/seen")?.body, {
    epoch: 1,
    n: 1,
  });
  const lookup = {
    connection: id("cnx"),
    connector: "jira@sha256-x",
    type: "jira-acme.issue",
    alias: "PROJ-42",
    show: ["summary"],
    nonce: "n",
  };
  peer.push({ resolve: lookup });
  await until(peer, () => asked.length === 1);
  assert.deepEqual(asked[0]?.named, { by: "alias", alias: "PROJ-42" });
  const { nowMs, uncertaintyMs } = liveness.brokerTime();
  assert.ok(Math.abs(Date.now() - nowMs) <= uncertaintyMs + 5);
});

test("[liveness.gap-and-fork] a gap, a fork, a step back, another key and an unknown line are not applied; the point goes on from where it was", async (t) => {
  const { peer, liveness, failed } = await run(t);
  await until(peer, () => liveness.isFresh("money") && peer.feeds() === 1);
  const item = { id: "grn_other", forget: NOW };
  const attacks: readonly (readonly [LivenessFault["code"], () => void])[] = [
    ["gap", () => peer.revoke([item], { from: 5, to: 5, items: [{ n: 5, ...item }] })],
    ["fork", () => peer.revoke([item], { prev: "forged" })],
    ["signature", () => peer.revoke([item], {}, p256())],
    ["malformed", () => peer.push({ batch: "x.y.z" })],
  ];
  for (const [code, attack] of attacks) {
    const followed = peer.heard("/points/feed");
    attack();
    await failed(code);
    assert.equal(liveness.isLive(["grn_other"], NOW), true, code);
    assert.deepEqual(liveness.position(), { epoch: 1, n: 0 }, code);
    await followed;
  }
  const followed = peer.heard("/points/feed");
  peer.push({ unknown: true });
  await followed;
  peer.revoke([item]);
  await until(peer, () => liveness.position()?.n === 1);
  assert.equal(liveness.isLive(["grn_other"], NOW), false);
});

test("[liveness.hidden-revocation] a feed that hides a revocation makes the point stale within the bound of each class", async (t) => {
  const { peer, liveness, failed } = await run(t);
  await until(peer, () => liveness.isFresh("money") && peer.feeds() === 1);
  // committed at the broker, and never sent: only the answer to the challenge tells
  peer.state.n = 1;
  const hidden = performance.now();
  await until(peer, () => !liveness.isFresh("money"));
  assert.ok(performance.now() - hidden < BOUNDS.revealMs + 300);
  await until(peer, () => !liveness.isFresh("read"));
  assert.equal(liveness.judge(LIVE, "read")?.code, "feed_stale");
  await failed("lag");
});

test("[liveness.hostile-answers] a replayed answer, a foreign nonce, another key and a late answer keep nothing fresh", async (t) => {
  const { peer, liveness, faults } = await run(t);
  await until(peer, () => liveness.isFresh("money"));
  const old = peer.honestFresh("kept");
  const lies: readonly (readonly [string, (nonce: string) => string])[] = [
    ["nonce", () => old],
    ["signature", (nonce) => peer.honestFresh(nonce, {}, p256())],
    ["malformed", (nonce) => peer.honestFresh(nonce, { also: 1 })],
    ["malformed", (nonce) => jws({ typ: "remit-feed+jwt", alg: "ES256" }, { nonce }, peer.feedKey)],
  ];
  for (const [code, lie] of lies) {
    peer.state.fresh = (nonce) => peer.honestFresh(nonce);
    await until(peer, () => liveness.isFresh("money"));
    faults.length = 0;
    peer.state.fresh = lie;
    await until(peer, () => !liveness.isFresh("money"));
    assert.ok(
      faults.some((fault) => fault.code === code),
      code,
    );
  }
});

test("[liveness.slow-answer] an answer that took longer than a bound keeps no call of that bound alive", async (t) => {
  const { peer, liveness } = await run(t);
  await until(peer, () => liveness.isFresh("money"));
  const release: (() => void)[] = [];
  peer.state.fresh = async (nonce) => {
    const answer = peer.honestFresh(nonce);
    await new Promise<void>((resolve) => release.push(resolve));
    return answer;
  };
  await until(peer, () => !liveness.isFresh("money"));
  const before = liveness.isFresh("money");
  release.shift()?.();
  await peer.heard("/points/challenge");
  assert.deepEqual([before, liveness.isFresh("money")], [false, false]);
  peer.state.fresh = (nonce) => peer.honestFresh(nonce);
  for (const one of release) one();
  await until(peer, () => liveness.isFresh("money"));
});

test("[liveness.epoch] another epoch is taken only as a snapshot under the succession, and never one that lies behind", async (t) => {
  const { peer, liveness, failed } = await run(t);
  peer.revoke([{ id: "usr_a", before: NOW, forget: NOW + 9 }]);
  await until(peer, () => liveness.isFresh("money") && liveness.position()?.n === 1);
  peer.state.epoch = 0;
  peer.drop();
  await failed("step_back");
  assert.equal(liveness.isLive(["usr_a"], NOW), false);
  Object.assign(peer.state, {
    epoch: 2,
    n: 1,
    head: "",
    items: [{ n: 1, id: "all", before: NOW, forget: NOW + 9 }],
  });
  await until(peer, () => liveness.position()?.epoch === 2 && liveness.isFresh("money"));
  assert.equal(liveness.isLive([], NOW), false);
  assert.equal(liveness.isLive([], NOW + 1), true);
});

test("[liveness.known-position] a broker behind what this point knew before its restart is not believed", async (t) => {
  const { peer, liveness, failed } = await run(t, { known: { epoch: 1, n: 5 } });
  await failed("step_back");
  assert.equal(liveness.position(), undefined);
  assert.equal(liveness.isFresh("read"), false);
  peer.state.n = 5;
  peer.state.head = "x";
  await peer.heard("/points/challenge");
  await until(peer, () => liveness.isFresh("money"));
});

test("[liveness.broker-gone] a broker that is gone makes the point stale, and its return is found without a storm of tries", async (t) => {
  const { peer, liveness } = await run(t);
  await until(peer, () => liveness.isFresh("money"));
  for (const path of ["POST /points/challenge", "GET /points/feed", "GET /points/trust", "GET /points/feed/snapshot"])
    peer.state.answers[path] = { status: 503, body: "{}" };
  peer.drop();
  const before = peer.asked.length;
  const since = performance.now();
  await until(peer, () => !liveness.isFresh("read"));
  const perSecond = (peer.asked.length - before) / ((performance.now() - since) / 1000);
  assert.ok(perSecond < 40, `${perSecond} requests a second`);
  peer.state.answers = {};
  await until(peer, () => liveness.isFresh("money"));
});
