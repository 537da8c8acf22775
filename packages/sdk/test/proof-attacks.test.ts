import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDpopKey } from "../src/index.ts";
import { KID, NOW, outcome, type ProofOver, RESOURCE, scene, URL_OF_CALL } from "./support/fixture.ts";

const accepted: readonly (readonly [string, ProofOver])[] = [
  ["htu with query and fragment", { payload: { htu: `${URL_OF_CALL}?fields=summary#top` } }],
  ["iat 10 seconds ahead", { payload: { iat: NOW + 10 } }],
  ["iat 60 seconds ago", { payload: { iat: NOW - 60 } }],
  ["nbf and exp in the proof", { payload: { nbf: NOW, exp: NOW + 60 } }],
];
for (const [what, over] of accepted)
  test(`[verify.proof-accepted] a proof is accepted: ${what}`, () => {
    const of = scene();
    const token = of.token();
    assert.equal(outcome(of.call(token, of.proof(token, over))), "ok");
  });

test("[verify.proof-accepted] the name of the scheme counts in any case", () => {
  const of = scene();
  const token = of.token();
  const call = {
    method: "GET",
    url: URL_OF_CALL,
    authorization: `dpop ${token}`,
    dpop: of.proof(token),
  };
  assert.equal(outcome(of.verifier.verify(call)), "ok");
});

const otherNonces = scene().nonces.current();
const proofAttacks: readonly (readonly [string, ProofOver, string])[] = [
  ["no typ", { without: "typ" }, "dpop_invalid: proof malformed"],
  ["typ of a plain JWT", { header: { typ: "JWT" } }, "dpop_invalid: proof malformed"],
  ["typ of an access token", { header: { typ: "at+jwt" } }, "dpop_invalid: proof malformed"],
  ["no alg", { without: "alg" }, "dpop_invalid: proof malformed"],
  ["alg none", { header: { alg: "none" } }, "dpop_invalid: proof malformed"],
  ["alg HS256", { header: { alg: "HS256" } }, "dpop_invalid: proof malformed"],
  ["alg RS256 on an EC key", { header: { alg: "RS256" } }, "dpop_invalid: proof key"],
  ["alg EdDSA on an EC key", { header: { alg: "EdDSA" } }, "dpop_invalid: proof key"],
  ["no jwk", { without: "jwk" }, "dpop_invalid: proof key"],
  ["a kid instead of a jwk", { without: "jwk", header: { kid: KID } }, "dpop_invalid: proof key"],
  ["crit", { header: { crit: ["exp"] } }, "dpop_invalid: proof malformed"],
  ["no jti", { without: "jti" }, "dpop_invalid: proof identifier"],
  ["an endless jti", { payload: { jti: "x".repeat(129) } }, "dpop_invalid: proof identifier"],
  ["no htm", { without: "htm" }, "dpop_invalid: proof method"],
  ["another method", { payload: { htm: "POST" } }, "dpop_invalid: proof method"],
  ["the method in small letters", { payload: { htm: "get" } }, "dpop_invalid: proof method"],
  ["no htu", { without: "htu" }, "dpop_invalid: proof url"],
  ["another path", { payload: { htu: `${RESOURCE}/rest/api/3/issue/PROJ-43` } }, "dpop_invalid: proof url"],
  ["another origin", { payload: { htu: URL_OF_CALL.replace("7421", "7422") } }, "dpop_invalid: proof url"],
  ["another scheme", { payload: { htu: URL_OF_CALL.replace("http:", "https:") } }, "dpop_invalid: proof url"],
  [
    "a path spelled another way",
    { payload: { htu: URL_OF_CALL.replace("PROJ", "%50ROJ") } },
    "dpop_invalid: proof url",
  ],
  ["no iat", { without: "iat" }, "dpop_invalid: proof time"],
  ["iat an hour ago", { payload: { iat: NOW - 3_600 } }, "dpop_invalid: proof time"],
  ["iat an hour ahead", { payload: { iat: NOW + 3_600 } }, "dpop_invalid: proof time"],
  ["iat 61 seconds ago", { payload: { iat: NOW - 61 } }, "dpop_invalid: proof time"],
  ["iat 11 seconds ahead", { payload: { iat: NOW + 11 } }, "dpop_invalid: proof time"],
  ["iat as text", { payload: { iat: String(NOW) } }, "dpop_invalid: proof time"],
  ["no ath", { without: "ath" }, "dpop_invalid: proof token"],
  ["ath of another token", { payload: { ath: "A".repeat(43) } }, "dpop_invalid: proof token"],
  ["no nonce", { without: "nonce" }, "dpop_nonce: a nonce of this process is needed"],
  ["a nonce of another process", { payload: { nonce: otherNonces } }, "dpop_nonce: a nonce of this process is needed"],
  [
    "a nonce with letters of two bytes",
    { payload: { nonce: "é".repeat(35) } },
    "dpop_nonce: a nonce of this process is needed",
  ],
  ["a nonce that is no text", { payload: { nonce: 7 } }, "dpop_invalid: proof malformed"],
  ["another key", { key: makeDpopKey() }, "dpop_invalid: proof of another key"],
];
for (const [what, over, expected] of proofAttacks)
  test(`[verify.proof-refused] a proof is refused: ${what}`, () => {
    const of = scene();
    const token = of.token();
    assert.equal(outcome(of.call(token, of.proof(token, over))), expected);
    assert.equal(outcome(of.call(token, of.proof(token))), "ok", "and the holder is not locked out");
  });

test("[verify.proof-refused] a proof is refused: the private key in it, a key off the curve, a broken signature, two proofs, none", () => {
  const of = scene();
  const token = of.token();
  const { d } = of.holder.privateKey.export({ format: "jwk" });
  const leaking = of.proof(token, { header: { jwk: { ...of.holder.jwk, d: d ?? "" } } });
  assert.equal(outcome(of.call(token, leaking)), "dpop_invalid: proof key");
  const good = of.proof(token);
  const broken = good.slice(0, -2) + (good.endsWith("AA") ? "BA" : "AA");
  assert.match(outcome(of.call(token, broken)), /^dpop_invalid: proof (signature|malformed)$/);
  assert.equal(outcome(of.call(token, `${good}, ${of.proof(token)}`)), "dpop_invalid: proof malformed");
  assert.equal(outcome(of.call(token, undefined)), "dpop_invalid: there is no proof");
  const off = { kty: "EC", crv: "P-256", x: "A".repeat(43), y: "A".repeat(43) } as const;
  const offProof = of.proof(token, { header: { jwk: off } });
  assert.equal(outcome(of.call(token, offProof)), "dpop_invalid: proof key");
});

test("[verify.proof-once] a proof counts once, whatever else is true, and a full memory refuses", () => {
  const of = scene({ seen: 2 });
  const token = of.token();
  const proof = of.proof(token);
  assert.equal(outcome(of.call(token, proof)), "ok");
  assert.equal(outcome(of.call(token, proof)), "dpop_replayed: the proof was used before");
  assert.equal(outcome(of.call(token, of.proof(token))), "ok");
  assert.equal(outcome(of.call(token, of.proof(token))), "proofs_full: the memory of proofs is full");
});

test("[verify.nonce-before-jti] a proof with a foreign nonce does not use up its jti, and an unsigned one neither", () => {
  const of = scene();
  const token = of.token();
  const payload = { jti: "same" };
  assert.match(outcome(of.call(token, of.proof(token, { payload: { ...payload, nonce: "foreign" } }))), /^dpop_nonce/);
  const [head, body] = of.proof(token, { payload }).split(".");
  const forged = `${head}.${body}.${"A".repeat(86)}`;
  assert.equal(outcome(of.call(token, forged)), "dpop_invalid: proof signature");
  assert.equal(outcome(of.call(token, of.proof(token, { payload }))), "ok");
});

test("[verify.nonce-window] a nonce lives through its slot and the next, and a replay never outlives the memory of it", () => {
  const of = scene();
  const token = of.token({ exp: NOW + 1_000 });
  const proof = of.proof(token);
  assert.equal(outcome(of.call(token, proof)), "ok");
  for (let passed = 0; passed <= 70_000; passed += 1_000) {
    of.present.monotonicMs += 1_000;
    assert.match(outcome(of.call(token, proof)), /^(dpop_replayed|dpop_nonce)/, `after ${passed} ms`);
  }
  // the wall clock set back does not bring the proof back
  of.present.nowMs -= 60_000;
  assert.match(outcome(of.call(token, proof)), /^(token_invalid|dpop_nonce)/);
});
