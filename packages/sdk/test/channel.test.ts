import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { ChannelError, pinOf, publicJwk } from "../src/index.ts";
import { selfSigned } from "./support/certificate.ts";
import { id, ISSUER, jws, NOW, p256 } from "./support/fixture.ts";
import { type Peer } from "./support/peer.ts";

import { join } from "./support/joined.ts";

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
    assert.equal(await codeOf(channel.hello({ base: "http://x", connections: [] })), "untrusted", what);
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
  const elsewhere = Buffer.from(selfSigned(p256(), "points").replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
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
    await hello(JSON.stringify({ ...WELCOME, bounds: { read_ms: 1, write_ms: 800, reveal_ms: 400 } })),
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
