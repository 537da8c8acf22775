import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { SeenSet } from "@remit/core";
import { createVerifier, dpopKeyOf, NONCE_LIFE_SECONDS } from "../src/index.ts";
import { id, ISSUER, KID, NOW, outcome, p256, publicOf, RESOURCE, scene, URL_OF_CALL } from "./support/fixture.ts";

test("[verify.good-call] a token of ours with a proof of its holder is accepted, first and again", () => {
  const of = scene();
  const token = of.token();
  const first = of.call(token, of.proof(token));
  assert.ok(first.ok);
  assert.equal(first.value.claims.jti, id("tok"));
  assert.deepEqual(first.value.authority[0]?.actions, ["read"]);
  assert.ok(first.value.live.includes(`kid:${KID}`));
  assert.ok(first.value.live.includes(`key:${of.holder.jkt}`));
  assert.equal(outcome(of.call(token, of.proof(token))), "ok");
});

test("[verify.no-bearer] a bound token is refused as Bearer, in another scheme, twice, or without a header", () => {
  const of = scene();
  const token = of.token();
  const say = (authorization: string | undefined): string =>
    outcome(of.verifier.verify({ method: "GET", url: URL_OF_CALL, authorization, dpop: of.proof(token) }));
  for (const scheme of ["Bearer", "bearer", "Basic", "HOBA", "DPoP:", "DPoP\t", "DPoPx"])
    assert.match(say(`${scheme} ${token}`), /^token_invalid/, scheme);
  assert.match(say(`DPoP  ${token}`), /^token_invalid/);
  assert.match(say(`DPoP ${token}, DPoP ${token}`), /^token_invalid/);
  assert.match(say(token), /^token_invalid/);
  assert.match(say(undefined), /^token_missing/);
});

test("[verify.no-leeway] expiry has no leeway, and what is unknown about the clock shortens a life", () => {
  const of = scene();
  const token = of.token();
  const at = (nowMs: number, uncertaintyMs: number): string => {
    of.present.nowMs = nowMs;
    of.present.uncertaintyMs = uncertaintyMs;
    return outcome(of.call(token, of.proof(token)));
  };
  const end = (NOW + 120) * 1000;
  assert.equal(at(end - 1, 0), "ok");
  assert.match(at(end, 0), /^token_invalid: claim exp/);
  assert.match(at(end - 20, 20), /^token_invalid: claim exp/);
  assert.equal(at(end - 21, 20), "ok");
  assert.match(at(end - 1_000, Number.NaN), /^token_invalid/);
  assert.match(at(0, Infinity), /^token_invalid/);
});

test("[verify.memory-no-verdict] what is remembered is not a verdict: time, liveness, freshness and keys are judged each time", () => {
  const of = scene();
  const token = of.token();
  const again = (): string => outcome(of.call(token, of.proof(token)));
  assert.equal(again(), "ok");
  for (const dead of [id("tsk"), id("cnx"), `kid:${KID}`, `key:${of.holder.jkt}`]) {
    of.present.dead = [dead];
    assert.match(again(), /^token_revoked/, dead);
  }
  of.present.dead = [];
  of.present.fresh = false;
  assert.match(again(), /^feed_stale/);
  of.present.fresh = true;
  assert.equal(again(), "ok");
  const key = of.keys.get(KID);
  of.keys.delete(KID);
  assert.equal(again(), "token_invalid: token key_unknown");
  of.keys.set(KID, publicOf(p256()));
  assert.equal(again(), "token_invalid: token signature");
  if (key !== undefined) of.keys.set(KID, key);
  assert.equal(again(), "ok");
  of.present.nowMs += 120_000;
  assert.match(again(), /^token_invalid: claim exp/);
});

test("[verify.memory-whole-token] another token with the same start is not the remembered one", () => {
  const of = scene();
  const token = of.token();
  assert.equal(outcome(of.call(token, of.proof(token))), "ok");
  const [head, body, tail = ""] = token.split(".");
  const flipped = `${head}.${body}.${tail.startsWith("A") ? "B" : "A"}${tail.slice(1)}`;
  assert.equal(outcome(of.call(flipped, of.proof(flipped))), "token_invalid: token signature");
});

test("[verify.memory-bounded] forgetting costs time only: tokens past the memory still verify", () => {
  const of = scene({ memory: 4 });
  const tokens = Array.from({ length: 12 }, (_none, at) => of.token({ jti: id("tok", at + 1) }));
  for (const token of [...tokens, ...tokens]) assert.equal(outcome(of.call(token, of.proof(token))), "ok");
});

test("[verify.liveness-required] without liveness there is only the verify that says so", () => {
  const of = scene();
  const { signing, nonces, present } = of;
  const bare = createVerifier({
    issuer: ISSUER,
    resource: RESOURCE,
    keyOf: () => publicOf(signing),
    lookup: () => undefined,
    standing: "none",
    nonces,
    seen: new SeenSet(10, NONCE_LIFE_SECONDS),
  });
  const token = of.token();
  const call = {
    method: "GET",
    url: URL_OF_CALL,
    authorization: `DPoP ${token}`,
    dpop: of.proof(token),
  };
  assert.match(outcome(bare.verify(call)), /^feed_stale/);
  assert.match(
    outcome(bare.verifyUnsafeWithoutLiveness(call, present.nowMs)),
    /^token_invalid: claim authorization_details/,
  );
  assert.equal(outcome(of.verifier.verifyUnsafeWithoutLiveness(call, present.nowMs)), "ok");
  assert.match(outcome(of.verifier.verifyUnsafeWithoutLiveness(call, (NOW + 120) * 1000)), /^token_invalid: claim exp/);
});

test("[verify.eddsa-holder] a holder with an Ed25519 key proves possession by EdDSA", () => {
  const of = scene();
  const key = dpopKeyOf(generateKeyPairSync("ed25519").privateKey);
  const token = of.token({ cnf: { jkt: key.jkt } });
  assert.equal(outcome(of.call(token, of.proof(token, { key }))), "ok");
});
