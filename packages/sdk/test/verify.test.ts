import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { SeenSet } from "@remit/core";
import { createVerifier, dpopKeyOf, makeDpopKey, NONCE_LIFE_SECONDS } from "../src/index.ts";
import {
  claimsFor,
  DETAILS,
  HEADER,
  id,
  ISSUER,
  jws,
  KID,
  NOW,
  p256,
  type ProofOver,
  publicOf,
  rawJws,
  RESOURCE,
  type Scene,
  scene,
  URL_OF_CALL,
} from "./support/fixture.ts";

/** The code and the recorded reason, or `ok`. */
const outcome = (result: ReturnType<Scene["call"]>): string =>
  result.ok ? "ok" : `${result.error.code}: ${result.error.detail}`;

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
  [
    "another path",
    { payload: { htu: `${RESOURCE}/rest/api/3/issue/PROJ-43` } },
    "dpop_invalid: proof url",
  ],
  [
    "another origin",
    { payload: { htu: URL_OF_CALL.replace("7421", "7422") } },
    "dpop_invalid: proof url",
  ],
  [
    "another scheme",
    { payload: { htu: URL_OF_CALL.replace("http:", "https:") } },
    "dpop_invalid: proof url",
  ],
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
  [
    "a nonce of another process",
    { payload: { nonce: otherNonces } },
    "dpop_nonce: a nonce of this process is needed",
  ],
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
    assert.equal(
      outcome(of.call(token, of.proof(token))),
      "ok",
      "and the holder is not locked out",
    );
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
  assert.equal(
    outcome(of.call(token, `${good}, ${of.proof(token)}`)),
    "dpop_invalid: proof malformed",
  );
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
  assert.equal(
    outcome(of.call(token, of.proof(token))),
    "proofs_full: the memory of proofs is full",
  );
});

test("[verify.nonce-before-jti] a proof with a foreign nonce does not use up its jti, and an unsigned one neither", () => {
  const of = scene();
  const token = of.token();
  const payload = { jti: "same" };
  assert.match(
    outcome(of.call(token, of.proof(token, { payload: { ...payload, nonce: "foreign" } }))),
    /^dpop_nonce/,
  );
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
    assert.match(
      outcome(of.call(token, proof)),
      /^(dpop_replayed|dpop_nonce)/,
      `after ${passed} ms`,
    );
  }
  // the wall clock set back does not bring the proof back
  of.present.nowMs -= 60_000;
  assert.match(outcome(of.call(token, proof)), /^(token_invalid|dpop_nonce)/);
});

const b64 = (text: string): string => Buffer.from(text).toString("base64url");
const tokenAttacks: readonly (readonly [string, (of: Scene) => string, string])[] = [
  [
    "alg none, no signature",
    (of) => `${b64('{"typ":"at+jwt","alg":"none"}')}.${of.token().split(".")[1]}.`,
    "token not_canonical",
  ],
  [
    "alg none with a signature",
    (of) => jws({ ...HEADER, alg: "none" }, claimsFor(of.holder.jkt), of.signing),
    "token algorithm",
  ],
  [
    "HS256 with our public key as the secret",
    (of) => {
      const input = `${b64(JSON.stringify({ ...HEADER, alg: "HS256" }))}.${of.token().split(".")[1]}`;
      const pem = publicOf(of.signing).export({ format: "pem", type: "spki" });
      return `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
    },
    "token algorithm",
  ],
  [
    "EdDSA named over an ES256 key",
    (of) => of.token({}, { ...HEADER, alg: "EdDSA" }),
    "token algorithm",
  ],
  [
    "EdDSA by a key of another kind under a known kid",
    (of) =>
      jws(
        { ...HEADER, alg: "EdDSA" },
        claimsFor(of.holder.jkt),
        generateKeyPairSync("ed25519").privateKey,
      ),
    "token algorithm",
  ],
  [
    "a kid that is a path",
    (of) => of.token({}, { ...HEADER, kid: "../../key" }),
    "token header_malformed",
  ],
  [
    "a kid that is a member of Object",
    (of) => of.token({}, { ...HEADER, kid: "constructor" }),
    "token key_unknown",
  ],
  [
    "an endless kid",
    (of) => of.token({}, { ...HEADER, kid: "k".repeat(65) }),
    "token header_malformed",
  ],
  ["no kid", (of) => of.token({}, { typ: "at+jwt", alg: "ES256" }), "token key_unknown"],
  [
    "jku",
    (of) => of.token({}, { ...HEADER, jku: "https://evil.example/keys" }),
    "token header_member",
  ],
  [
    "x5u",
    (of) => of.token({}, { ...HEADER, x5u: "https://evil.example/c" }),
    "token header_member",
  ],
  [
    "a key in the header",
    (of) => of.token({}, { ...HEADER, jwk: { ...makeDpopKey().jwk } }),
    "token header_member",
  ],
  ["crit", (of) => of.token({}, { ...HEADER, crit: ["b64"], b64: false }), "token header_member"],
  ["no typ", (of) => of.token({}, { alg: "ES256", kid: KID }), "token type"],
  ...[
    "JWT",
    "dpop+jwt",
    "remit-feed+jwt",
    "remit-fresh+jwt",
    "remit-succession+jwt",
    "application/at+jwt",
    "AT+JWT",
  ].map(
    (typ) => [`typ ${typ}`, (of: Scene) => of.token({}, { ...HEADER, typ }), "token type"] as const,
  ),
  [
    "another key under our kid",
    (of) => jws(HEADER, claimsFor(of.holder.jkt), p256()),
    "token signature",
  ],
  [
    "a signature in DER",
    (of) => {
      const [head, body] = of.token().split(".");
      return `${head}.${body}.${Buffer.alloc(71, 1).toString("base64url")}`;
    },
    "token signature",
  ],
  [
    "a signature of zeros",
    (of) => `${of.token().split(".").slice(0, 2).join(".")}.${"A".repeat(86)}`,
    "token signature",
  ],
  ["padding", (of) => `${of.token()}==`, "token not_canonical"],
  ["white space", (of) => `${of.token()} `, "token not_canonical"],
  ["a fourth part", (of) => `${of.token()}.x`, "token not_compact"],
  ["a link behind it", (of) => `${of.token()}~x`, "token not_canonical"],
  [
    "stray bits in the last letter",
    (of) => {
      const token = of.token();
      const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      return token.slice(0, -1) + letters.charAt(letters.indexOf(token.slice(-1)) + 1);
    },
    "token not_canonical",
  ],
  [
    "a claim twice",
    (of) => {
      const payload = JSON.stringify(claimsFor(of.holder.jkt)).replace(
        "{",
        `{"aud":"https://other.example",`,
      );
      return rawJws(JSON.stringify(HEADER), payload, of.signing);
    },
    "token payload_malformed",
  ],
  [
    "a header member twice",
    (of) =>
      rawJws(
        `{"alg":"none","typ":"at+jwt","alg":"ES256","kid":"${KID}"}`,
        JSON.stringify(claimsFor(of.holder.jkt)),
        of.signing,
      ),
    "token header_malformed",
  ],
  [
    "something after the payload",
    (of) =>
      rawJws(JSON.stringify(HEADER), `${JSON.stringify(claimsFor(of.holder.jkt))}x`, of.signing),
    "token payload_malformed",
  ],
  [
    "a payload that is a list",
    (of) => rawJws(JSON.stringify(HEADER), "[]", of.signing),
    "token payload_malformed",
  ],
  [
    "__proto__",
    (of) =>
      rawJws(
        JSON.stringify(HEADER),
        JSON.stringify(claimsFor(of.holder.jkt)).replace("{", `{"__proto__":{},`),
        of.signing,
      ),
    "token payload_malformed",
  ],
  ["more than 6 kB", (of) => of.token({ pad: "x".repeat(6_144) }), "token too_large"],
  ["another issuer", (of) => of.token({ iss: `${ISSUER}/` }), "claim iss"],
  [
    "an actor of another issuer",
    (of) => of.token({ act: { iss: "https://other.example", sub: id("agt") } }),
    "claim act",
  ],
  ["another audience", (of) => of.token({ aud: `${RESOURCE}-2` }), "claim aud"],
  ["an audience with a slash more", (of) => of.token({ aud: `${RESOURCE}/` }), "claim aud"],
  [
    "several audiences",
    (of) => of.token({ aud: [RESOURCE, "https://other.example"] }),
    "claim aud",
  ],
  ["one audience in a list", (of) => of.token({ aud: [RESOURCE] }), "claim aud"],
  ...[
    "iss",
    "aud",
    "sub",
    "sub_id",
    "act",
    "client_id",
    "jti",
    "iat",
    "nbf",
    "exp",
    "cnf",
    "task",
    "grants",
    "depth",
    "live",
    "connector",
    "connection",
    "authorization_details",
  ].map(
    (name) =>
      [
        `no ${name}`,
        (of: Scene) => {
          const { [name]: _gone, ...claims } = claimsFor(of.holder.jkt);
          return jws(HEADER, claims, of.signing);
        },
        `claim ${name}`,
      ] as const,
  ),
  ["no jkt in cnf", (of) => of.token({ cnf: { "x5t#S256": "A".repeat(43) } }), "claim cnf"],
  ["exp as text", (of) => of.token({ exp: String(NOW + 120) }), "claim exp"],
  ["exp with a fraction", (of) => of.token({ exp: NOW + 0.5 }), "claim exp"],
  ["a live list without its task", (of) => of.token({ live: [id("grn")] }), "claim live"],
  [
    "an unknown member in the details",
    (of) => of.token({ authorization_details: [{ ...DETAILS[0], admin: true }] }),
    "claim authorization_details",
  ],
  [
    "an unknown type in the details",
    (of) => of.token({ authorization_details: [{ ...DETAILS[0], type: "jira-acme.board" }] }),
    "claim authorization_details",
  ],
  [
    "details for another place",
    (of) =>
      of.token({
        authorization_details: [{ ...DETAILS[0], locations: ["https://other.example"] }],
      }),
    "claim authorization_details",
  ],
  ["not yet valid", (of) => of.token({ nbf: NOW + 1 }), "claim nbf"],
  ["expired", (of) => of.token({ iat: NOW - 120, nbf: NOW - 120, exp: NOW }), "claim exp"],
  [
    "a reference token",
    () => "rmt_at_0000000000000000000000000000000000000000000000000",
    "token not_compact",
  ],
  ["nothing", () => "", "token not_compact"],
];
for (const [what, make, detail] of tokenAttacks)
  test(`[verify.token-refused] a token is refused: ${what}`, () => {
    const of = scene();
    const token = make(of);
    const result = outcome(of.call(token, of.proof(token)));
    assert.ok(result.startsWith(`token_invalid: ${detail}`), `${result} should say ${detail}`);
  });

test("[verify.no-bearer] a bound token is refused as Bearer, in another scheme, twice, or without a header", () => {
  const of = scene();
  const token = of.token();
  const say = (authorization: string | undefined): string =>
    outcome(
      of.verifier.verify({ method: "GET", url: URL_OF_CALL, authorization, dpop: of.proof(token) }),
    );
  for (const scheme of ["Bearer", "bearer", "Basic", "DPoP:", "DPoP\t", "DPoPx"])
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
  for (const token of [...tokens, ...tokens])
    assert.equal(outcome(of.call(token, of.proof(token))), "ok");
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
  assert.match(
    outcome(of.verifier.verifyUnsafeWithoutLiveness(call, (NOW + 120) * 1000)),
    /^token_invalid: claim exp/,
  );
});

test("[verify.eddsa-holder] a holder with an Ed25519 key proves possession by EdDSA", () => {
  const of = scene();
  const key = dpopKeyOf(generateKeyPairSync("ed25519").privateKey);
  const token = of.token({ cnf: { jkt: key.jkt } });
  assert.equal(outcome(of.call(token, of.proof(token, { key }))), "ok");
});
