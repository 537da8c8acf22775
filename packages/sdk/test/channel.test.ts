import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import {
  ChannelError,
  createLiveness,
  createPointChannel,
  type Liveness,
  type LivenessFault,
  pinOf,
  type PointChannel,
  publicJwk,
  type ResolveRequest,
} from "../src/index.ts";
import { selfSigned } from "./support/certificate.ts";
import { claimsFor, id, ISSUER, jws, NOW, p256 } from "./support/fixture.ts";
import { openPeer, type Peer } from "./support/peer.ts";

const BOUNDS = { readMs: 1_500, writeMs: 800, revealMs: 400 };

interface Joined {
  readonly peer: Peer;
  readonly channel: PointChannel;
  readonly key: KeyObject;
}

async function join(t: TestContext, over: { pin?: string; issuer?: string } = {}): Promise<Joined> {
  const peer = await openPeer();
  const key = p256();
  const channel = createPointChannel({
    pointsUrl: peer.url,
    issuer: ISSUER,
    pin: peer.pin,
    key,
    certificate: selfSigned(key, "point"),
    timeoutMs: 3_000,
    ...over,
  });
  t.after(async () => {
    channel.close();
    await peer.close();
  });
  return { peer, channel, key };
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error: unknown) => (error instanceof ChannelError ? error.code : `other: ${String(error)}`),
  );

const WELCOME = {
  point: id("pnt"),
  issuer: ISSUER,
  now: NOW * 1000,
  jwks: { keys: [] as unknown[] },
  epoch: 1,
  n: 0,
  bounds: { read_ms: 1_500, write_ms: 800, reveal_ms: 400 },
};

test("[channel.mutual-tls] the point shows its own key, and hello brings keys, position and bounds", async (t) => {
  const { peer, channel, key } = await join(t);
  const jwk = { ...publicJwk(p256()), kid: "k1", alg: "ES256", use: "sig" };
  peer.state.answers["POST /points/hello"] = {
    status: 200,
    body: JSON.stringify({ ...WELCOME, jwks: { keys: [jwk] } }),
  };
  const welcome = await channel.hello({ base: "http://127.0.0.1:7421", connections: [] });
  assert.deepEqual([...welcome.keys.keys()], ["k1"]);
  assert.deepEqual(welcome.bounds, { readMs: 1_500, writeMs: 800, revealMs: 400 });
  assert.equal(peer.asked.at(-1)?.x, publicJwk(key).x);
});

test("[channel.pin] nothing is asked of a broker whose succession is not signed by the pinned root", async (t) => {
  const other = generateKeyPairSync("ed25519").privateKey;
  const otherPin = pinOf(Buffer.from(publicJwk(other).x, "base64url"));
  const cases: readonly (readonly [string, (peer: Peer) => string])[] = [
    ["another root", (peer) => peer.succession({ root: { ...publicJwk(other) } }, other)],
    ["another root's signature", (peer) => peer.succession({}, other)],
    ["another issuer", (peer) => peer.succession({ iss: `${ISSUER}2` })],
    ["an unknown member", (peer) => peer.succession({ also: 1 })],
    ["no feed key", (peer) => peer.succession({ feed: { kid: "feed" } })],
    [
      "the feed's key as root",
      (peer) => jws({ typ: "remit-succession+jwt", alg: "ES256" }, { iss: ISSUER }, peer.feedKey),
    ],
    ["not a JWS", () => "x"],
  ];
  for (const [what, make] of cases) {
    const { peer, channel } = await join(t);
    peer.state.succession = make(peer);
    assert.equal(
      await codeOf(channel.hello({ base: "http://x", connections: [] })),
      "untrusted",
      what,
    );
    assert.deepEqual(
      peer.asked.map((one) => one.path),
      ["/points/trust"],
      what,
    );
  }
  const wrongPin = await join(t, { pin: otherPin });
  assert.equal(await codeOf(wrongPin.channel.keys()), "untrusted");
});

test("[channel.server-pinned] a listener with another certificate than the succession names gets no request", async (t) => {
  const { peer, channel } = await join(t);
  const elsewhere = Buffer.from(
    selfSigned(p256(), "points").replaceAll(/-----[A-Z ]+-----|\s/g, ""),
    "base64",
  );
  peer.state.succession = peer.succession({ points_cert: elsewhere.toString("base64") });
  assert.equal(await codeOf(channel.keys()), "unreachable");
  assert.deepEqual(
    peer.asked.map((one) => one.path),
    ["/points/trust"],
  );
});

test("[channel.no-step-back] a succession older than the one believed is refused", async (t) => {
  const { peer, channel } = await join(t);
  peer.state.succession = peer.succession({ iat: 1_800_000_000 });
  assert.equal((await channel.trust()).issuedAt, 1_800_000_000);
  peer.state.succession = peer.succession({ iat: 1_799_999_999 });
  assert.equal(await codeOf(channel.trust()), "untrusted");
});

test("[channel.strict] redirects are not followed, and answers with unknown, missing or doubled members, or too long, are refused", async (t) => {
  const { peer, channel } = await join(t);
  const hello = (body: string, status = 200, headers = {}): Promise<string> => {
    peer.state.answers["POST /points/hello"] = { status, body, headers };
    return codeOf(channel.hello({ base: "http://x", connections: [] }));
  };
  assert.equal(await hello("", 302, { location: `${peer.url}/points/keys` }), "status");
  assert.equal(peer.asked.filter((one) => one.path === "/points/keys").length, 0);
  assert.equal(await hello(JSON.stringify({ ...WELCOME, also: 1 })), "malformed");
  const { epoch: _epoch, ...without } = WELCOME;
  assert.equal(await hello(JSON.stringify(without)), "malformed");
  assert.equal(await hello(JSON.stringify(WELCOME).replace("{", '{"n":1,')), "malformed");
  assert.equal(
    await hello(
      JSON.stringify({ ...WELCOME, bounds: { read_ms: 1, write_ms: 800, reveal_ms: 400 } }),
    ),
    "malformed",
  );
  const { d } = p256().export({ format: "jwk" });
  const leaked = { ...publicJwk(p256()), kid: "k", d };
  assert.equal(await hello(JSON.stringify({ ...WELCOME, jwks: { keys: [leaked] } })), "malformed");
  assert.equal(await hello(`"${"x".repeat(1_100_000)}"`), "too_large");
  assert.equal(await hello(JSON.stringify(WELCOME)), "ok");
});

test("[channel.refusals] a reservation's refusal and a log's held size come back as values", async (t) => {
  const { peer, channel } = await join(t);
  const spend = { grant: id("grn"), jti: id("tok"), count: 1 };
  peer.state.answers["POST /points/spend"] = { status: 429, body: '{"error":"limit"}' };
  const refused = await channel.spend(spend);
  assert.equal(!refused.ok && refused.error.code, "limit");
  peer.state.answers["POST /points/spend"] = {
    status: 200,
    body: '{"reservation":"rsv_1","granted":1}',
  };
  assert.deepEqual(await channel.spend(spend), {
    ok: true,
    value: { reservation: "rsv_1", granted: 1 },
  });
  peer.state.answers["POST /points/spend"] = { status: 500, body: '{"error":"server_error"}' };
  assert.equal(await codeOf(channel.spend(spend)), "status");
  const batch = { from: 3, lines: ["{}"], checkpoint: "note" };
  peer.state.answers["POST /points/ship"] = { status: 409, body: '{"size":2}' };
  assert.deepEqual(await channel.ship(batch), { ok: false, error: { size: 2 } });
  peer.state.answers["POST /points/ship"] = { status: 200, body: '{"size":4}' };
  assert.deepEqual(await channel.ship(batch), { ok: true, value: { size: 4 } });
});

interface Running extends Joined {
  readonly liveness: Liveness;
  readonly faults: LivenessFault[];
  readonly asked: ResolveRequest[];
  /** Resolves when a fault with this code was reported. */
  failed(code: LivenessFault["code"]): Promise<void>;
}

const LIVE = { claims: { ...claimsFor("x"), iat: NOW } as never, live: [id("tsk")] };

async function run(
  t: TestContext,
  more: { known?: { epoch: number; n: number } } = {},
): Promise<Running> {
  const joined = await join(t);
  const faults: LivenessFault[] = [];
  const asked: ResolveRequest[] = [];
  const waiting = new Set<() => void>();
  const stop = new AbortController();
  const liveness = createLiveness({
    channel: joined.channel,
    bounds: BOUNDS,
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    onResolve: (request) => asked.push(request),
    onFault: (fault) => {
      faults.push(fault);
      for (const check of waiting) check();
    },
    ...more,
  });
  const running = liveness.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const failed = async (code: LivenessFault["code"]): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (faults.some((fault) => fault.code === code)) resolve();
    };
    waiting.add(check);
    check();
    await promise;
  };
  return { ...joined, liveness, faults, asked, failed };
}

/** Waits for a turn of events, checked whenever the peer is asked something. */
async function until(peer: Peer, holds: () => boolean): Promise<void> {
  while (!holds()) await peer.heard("/points/challenge");
}

test("[liveness.follow] a point becomes fresh, applies a revocation at once, tells who listens, and acknowledges it", async (t) => {
  const { peer, liveness, asked } = await run(t);
  assert.equal(liveness.isFresh("read"), false);
  assert.equal(liveness.judge(LIVE, "read")?.code, "feed_stale");
  await until(peer, () => liveness.isFresh("money"));
  assert.equal(liveness.judge(LIVE, "money"), undefined);
  const { promise: ended, resolve } = Promise.withResolvers<readonly string[]>();
  liveness.onEnd(resolve);
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
  for (const path of [
    "POST /points/challenge",
    "GET /points/feed",
    "GET /points/trust",
    "GET /points/feed/snapshot",
  ])
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
