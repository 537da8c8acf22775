import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  createProofMemory,
  type DpopExpectation,
  type DpopFault,
  judgeProof,
  type ProofMemory,
  readDpopProof,
  verifyProof,
} from "../src/dpop.ts";
import type { Json, JsonObject } from "../src/json/read.ts";
import type { PublicJwk } from "../src/jwk.ts";
import { signJws, type VerifySignature } from "../src/jws.ts";
import { SeenSet } from "../src/seen-set.ts";

const URL_OF_CALL = "https://gw.example/r/jira-acme/issue/1";
const NOW = 1_795_478_400;

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwkOf = (key: KeyObject): JsonObject => ({
  ...(key.export({ format: "jwk" }) as JsonObject),
}); // a JWK is strings only
const signWith =
  (key: KeyObject) =>
  (input: string): Uint8Array =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });

const HEADER: JsonObject = { typ: "dpop+jwt", alg: "ES256", jwk: jwkOf(pair.publicKey) };
const PAYLOAD: JsonObject = {
  jti: "j1",
  htm: "POST",
  htu: URL_OF_CALL,
  iat: NOW,
  ath: "hash",
  nonce: "n1",
};
const EXPECTED: DpopExpectation = {
  method: "POST",
  url: URL_OF_CALL,
  ath: "hash",
  now: NOW,
  acceptsNonce: (nonce) => nonce === "n1",
};

const without = (members: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([other]) => other !== name));

const verifierOf =
  (jwk: PublicJwk): VerifySignature =>
  (input, signature) =>
    verify(
      jwk.kty === "EC" ? "sha256" : null,
      Buffer.from(input),
      { key: createPublicKey({ key: { ...jwk }, format: "jwk" }), dsaEncoding: "ieee-p1363" },
      signature,
    );

function outcome(
  header: JsonObject,
  payload: JsonObject,
  expected: DpopExpectation = EXPECTED,
): DpopFault | "accepted" {
  const proof = signJws(header, payload, signWith(pair.privateKey));
  const said = judge(proof, expected);
  // who counts how often a nonce is asked for is asked once
  if (expected.acceptsNonce === EXPECTED.acceptsNonce)
    assert.equal(judge(proof, expected, REMEMBERED), said, "a memory changes nothing");
  return said;
}

/** Shared by all attempts of this file, as a process shares it among all callers. */
const REMEMBERED = createProofMemory(100);

function judge(proof: string, expected: DpopExpectation, memory?: ProofMemory): DpopFault | "accepted" {
  const read = readDpopProof(proof, memory);
  if (!read.ok) return read.error;
  const judged = judgeProof(read.value, expected);
  if (!judged.ok) return judged.error;
  const checked = verifyProof(read.value, verifierOf(read.value.jwk));
  return checked.ok ? "accepted" : checked.error;
}

test("[dpop.memory-no-verdict] a header that was read before saves its reading and nothing else", () => {
  const memory = createProofMemory(100);
  const good = signJws(HEADER, PAYLOAD, signWith(pair.privateKey));
  const [first, again] = [readDpopProof(good, memory), readDpopProof(good, memory)];
  assert.ok(first.ok && again.ok);
  assert.equal(first.value.jwk, again.value.jwk, "the same key is the same object");
  const thief = generateKeyPairSync("ec", { namedCurve: "P-256" });
  assert.equal(judge(signJws(HEADER, PAYLOAD, signWith(thief.privateKey)), EXPECTED, memory), "signature");
  assert.equal(
    judge(signJws(HEADER, { ...PAYLOAD, htm: "GET" }, signWith(pair.privateKey)), EXPECTED, memory),
    "method",
  );
  const others = { ...HEADER, jwk: jwkOf(thief.publicKey) };
  assert.equal(judge(signJws(others, PAYLOAD, signWith(pair.privateKey)), EXPECTED, memory), "signature");
  assert.equal(judge(`${good.split(".")[0]}x${good.slice(good.indexOf("."))}`, EXPECTED, memory), "malformed");
});

test("[dpop.complete-list] each requirement of RFC 9449 4.3 refuses by itself, for its reason", () => {
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ed = generateKeyPairSync("ed25519");
  const headers: readonly (readonly [JsonObject, DpopFault])[] = [
    [without(HEADER, "typ"), "malformed"],
    [{ ...HEADER, typ: "JWT" }, "malformed"],
    [{ ...HEADER, typ: "at+jwt" }, "malformed"],
    [{ ...HEADER, typ: "DPOP+JWT" }, "malformed"],
    [without(HEADER, "alg"), "malformed"],
    [{ ...HEADER, alg: "none" }, "malformed"],
    [{ ...HEADER, alg: "HS256" }, "malformed"],
    [{ ...HEADER, crit: ["x"] }, "malformed"],
    [{ ...HEADER, alg: "RS256" }, "key"],
    [{ ...HEADER, alg: "EdDSA" }, "key"],
    [without(HEADER, "jwk"), "key"],
    [{ ...HEADER, jwk: jwkOf(pair.privateKey) }, "key"],
    [{ ...HEADER, jwk: { kty: "oct", k: "c2VjcmV0" } }, "key"],
    [{ ...HEADER, jwk: "x" }, "key"],
    [{ ...HEADER, jwk: jwkOf(ed.publicKey) }, "key"],
    [{ ...HEADER, jwk: jwkOf(other.publicKey) }, "signature"],
    [{ ...HEADER, alg: "EdDSA", jwk: jwkOf(ed.publicKey) }, "signature"],
  ];
  for (const [header, fault] of headers) assert.equal(outcome(header, PAYLOAD), fault, JSON.stringify(header));
  const payloads: readonly (readonly [string, Json, DpopFault])[] = [
    ...([null, 7, "", "x".repeat(129), ["j1"]] as const).map((jti) => ["jti", jti, "identifier"] as const),
    ...([null, "GET", "post", "POST ", ["POST"]] as const).map((htm) => ["htm", htm, "method"] as const),
    ...(["https://evil.example/r/jira-acme/issue/1", "http://gw.example/r/jira-acme/issue/1"] as const).map(
      (htu) => ["htu", htu, "url"] as const,
    ),
    ...([`${URL_OF_CALL}/`, `${URL_OF_CALL}0`, "https://gw.example:8443/r/jira-acme/issue/1", null] as const).map(
      (htu) => ["htu", htu, "url"] as const,
    ),
    ...(["https://gw.example@evil/", "/r/jira-acme/issue/1", "?", ""] as const).map(
      (htu) => ["htu", htu, "url"] as const,
    ),
    ...([NOW - 61, NOW + 11, NOW - 3_600, NOW + 3_600, NOW + 0.5, String(NOW), null] as const).map(
      (iat) => ["iat", iat, "time"] as const,
    ),
    ...(["HASH", "", null, ["hash"]] as const).map((ath) => ["ath", ath, "token"] as const),
    ...([null, 7, ["n1"]] as const).map((nonce) => ["nonce", nonce, "malformed"] as const),
    ...(["n2", "", "n1 "] as const).map((nonce) => ["nonce", nonce, "nonce"] as const),
  ];
  for (const [name, value, fault] of payloads)
    assert.equal(outcome(HEADER, { ...PAYLOAD, [name]: value }), fault, `${name} ${String(value)}`);
  const missing = {
    jti: "identifier",
    htm: "method",
    htu: "url",
    iat: "time",
    ath: "token",
    nonce: "nonce",
  };
  for (const [name, fault] of Object.entries(missing))
    assert.equal(outcome(HEADER, without(PAYLOAD, name)), fault, `without ${name}`);
});

test("[dpop.accepts] what a conforming client may send is accepted", () => {
  const good: readonly JsonObject[] = [
    PAYLOAD,
    { ...PAYLOAD, htu: `${URL_OF_CALL}?fields=summary` },
    { ...PAYLOAD, htu: `${URL_OF_CALL}#x` },
    { ...PAYLOAD, htu: `${URL_OF_CALL}?a#b?c` },
    { ...PAYLOAD, iat: NOW - 60 },
    { ...PAYLOAD, iat: NOW + 10 },
    { ...PAYLOAD, nbf: NOW, exp: NOW + 60 },
    { ...PAYLOAD, jti: "x".repeat(128) },
  ];
  for (const payload of good) assert.equal(outcome(HEADER, payload), "accepted", JSON.stringify(payload));
});

test("[dpop.token-hash] a proof made for a token does not pass where none is presented", () => {
  assert.equal(outcome(HEADER, PAYLOAD, { ...EXPECTED, ath: undefined }), "token");
  assert.equal(outcome(HEADER, without(PAYLOAD, "ath"), { ...EXPECTED, ath: undefined }), "accepted");
});

test("[dpop.nonce-last] a nonce is asked for only when nothing else is wrong", () => {
  const asked: string[] = [];
  const expected: DpopExpectation = {
    ...EXPECTED,
    acceptsNonce: (nonce) => {
      asked.push(nonce ?? "none");
      return false;
    },
  };
  for (const name of ["jti", "htm", "htu", "iat", "ath"])
    assert.notEqual(outcome(HEADER, without(PAYLOAD, name), expected), "nonce");
  assert.deepEqual(asked, []);
  assert.equal(outcome(HEADER, PAYLOAD, expected), "nonce");
  assert.deepEqual(asked, ["n1"]);
});

test("[dpop.rfc9449] the proof of RFC 9449 4.1 reads, verifies and is about what the RFC says", () => {
  const read = readDpopProof(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
  );
  assert.ok(read.ok);
  assert.ok(verifyProof(read.value, verifierOf(read.value.jwk)).ok);
  const judged = judgeProof(read.value, {
    method: "POST",
    url: "https://server.example.com/token",
    ath: undefined,
    now: 1_562_262_616,
    acceptsNonce: (nonce) => nonce === undefined,
  });
  assert.ok(judged.ok);
  assert.equal(judged.value.jti, "-BwC3ESc6acc2lTc");
});

test("[dpop.bounded] a proof longer than any honest one is not even decoded", () => {
  const long = signJws(HEADER, { ...PAYLOAD, pad: "x".repeat(4_096) }, signWith(pair.privateKey));
  const read = readDpopProof(long);
  assert.equal(read.ok ? "read" : read.error, "malformed");
});

test("[seen.once] within its time a value is new once, and the memory is bounded and refuses when full", () => {
  const GENERATION = 70;
  const CAPACITY = 5;
  const step = fc.record(
    { value: fc.constantFrom(..."abcdefghij"), wait: fc.nat({ max: 50 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const seen = new SeenSet(CAPACITY, GENERATION);
      const taken = new Map<string, number>();
      let now = NOW;
      for (const { value, wait } of steps) {
        now += wait;
        const answer = seen.add(value, now);
        const before = taken.get(value);
        const held = [...taken.values()].filter((at) => now - at < GENERATION).length;
        if (before !== undefined && now - before < GENERATION) assert.equal(answer, "seen");
        if (answer === "new") taken.set(value, now);
        if (answer === "full") assert.ok(taken.size >= CAPACITY);
        assert.ok(held <= CAPACITY * 2);
        if (before === undefined) assert.notEqual(answer, "seen");
      }
    }),
    { numRuns: 1_000 },
  );
});

test("[seen.once] a full memory refuses instead of forgetting, and knows what it holds", () => {
  const seen = new SeenSet(2, 70);
  assert.deepEqual([seen.add("a", 0), seen.add("b", 1), seen.add("c", 2)], ["new", "new", "full"]);
  assert.deepEqual([seen.add("a", 3), seen.add("b", 69)], ["seen", "seen"]);
  assert.deepEqual([seen.add("a", 71), seen.add("c", 72)], ["seen", "new"]);
  assert.equal(seen.add("a", 5), "seen", "a clock that steps back forgets nothing");
  assert.equal(seen.add("a", 300), "new", "long after, nothing is held");
});
