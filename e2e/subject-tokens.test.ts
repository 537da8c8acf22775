import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { test } from "node:test";
import { makeDpopKey } from "@remit/sdk";
import { asBot, at, createAsker, exchangeForm, tokenType } from "./support/ask.ts";
import {
  BROKER_AUDIENCE,
  es256,
  jwsOf,
  type Members,
  openIssuer,
  type Spoilt,
  type TestIssuer,
} from "./support/issuer.ts";
import { standing } from "./support/rows.ts";
import { testWorld, withBot, type World } from "./world.ts";

const now = (): number => Math.floor(Date.now() / 1000);
const claims = (members: Members): Spoilt => ({ claims: members });
const header = (members: Members): Spoilt => ({ header: members });
const twice = (member: string, value: string): Spoilt => ({
  text: (json) => json.replace(/^\{/, `{"${member}":${value},`),
});

/** Ways to spoil a JWT that make it no token at all, whatever it was to be. */
function spoiltAnyway(signers: TestIssuer["signers"]): Readonly<Record<string, Spoilt>> {
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  return {
    expired: claims({ exp: now() - 1 }),
    "just over": claims({ exp: now() }),
    "without end": claims({ exp: undefined }),
    "its end a text": claims({ exp: String(now() + 60) }),
    "its end past 2^53": { text: (json) => json.replace(/"exp":\d+/, '"exp":9007199254740993') },
    "its end beyond all time": { text: (json) => json.replace(/"exp":\d+/, '"exp":1e300') },
    "its end infinite": { text: (json) => json.replace(/"exp":\d+/, '"exp":1e400') },
    "not yet valid": claims({ nbf: now() + 60 }),
    "valid from a text": claims({ nbf: "now" }),
    "made in the future": claims({ iat: now() + 60 }),
    "the wrong audience": claims({ aud: "https://elsewhere.example" }),
    "an audience more": claims({ aud: ["triage-bot", "https://elsewhere.example"] }),
    "a list of one audience": claims({ aud: ["triage-bot"] }),
    "no audience": claims({ aud: undefined }),
    "audience null": claims({ aud: null }),
    "audience twice": twice("aud", '"https://elsewhere.example"'),
    "subject twice": twice("sub", '"mallory"'),
    "subject twice, once escaped": twice("s\\u0075b", '"mallory"'),
    "end twice": twice("exp", "1"),
    "a prototype": twice("__proto__", '{"sub":"mallory"}'),
    "half a character": claims({ note: "\ud800" }),
    "bytes after the JSON": { text: (json) => `${json} {}` },
    "a byte order mark": { text: (json) => `\ufeff${json}` },
    "a list as payload": { text: (json) => `[${json}]` },
    "alg none": { header: { alg: "none" }, signer: () => new Uint8Array(0) },
    "alg None with a signature": header({ alg: "None" }),
    "alg HS256 with the public key": { header: { alg: "HS256", kid: "rsa" }, signer: signers.HS256 },
    "alg HS256 signed by ES256": header({ alg: "HS256" }),
    "RS256 named over an ES256 signature": header({ alg: "RS256" }),
    "RS256 named with the EC key": { header: { alg: "RS256", kid: "ec" }, signer: signers.RS256 },
    "ES256 named with the RSA key": { header: { alg: "ES256", kid: "rsa" }, signer: signers.RS256 },
    "EdDSA named with the EC key": header({ alg: "EdDSA" }),
    "an algorithm that the issuer does not use": { header: { alg: "PS256", kid: "rsa" }, signer: signers.PS256 },
    "an unknown algorithm": header({ alg: "ES256K" }),
    "no algorithm": header({ alg: undefined }),
    "a list of algorithms": header({ alg: ["ES256"] }),
    "an unknown type": header({ typ: "something+jwt" }),
    "the type of a proof": header({ typ: "dpop+jwt" }),
    "a type in other letters": header({ typ: "AT+JWT" }),
    "an unknown key": header({ kid: "other" }),
    "no key named among several": header({ kid: undefined }),
    "a path as key": header({ kid: "../../ec" }),
    "a critical extension": header({ crit: ["exp"] }),
    "its own key": header({ jwk: createPublicKey(stranger).export({ format: "jwk" }) }),
    "a key's address": header({ jku: "https://elsewhere.example/jwks" }),
    "a certificate's address": header({ x5u: "https://elsewhere.example/x" }),
    "an unencoded payload": header({ b64: false }),
    "signed by a stranger": { signer: es256(stranger) },
    "no signature": { signer: () => new Uint8Array(0) },
    "a signature of zeros": { signer: () => new Uint8Array(64) },
    "too deep": { text: (json) => json.replace(/^\{/, `{"deep":${"[".repeat(99)}${"]".repeat(99)},`) },
    "too large": claims({ note: "x".repeat(20_000) }),
  };
}

/** Ways to spell a good token otherwise. */
const SPELLINGS: Readonly<Record<string, (token: string) => string>> = {
  "with padding": (token) => `${token}==`,
  "with a bit more in the last letter": (token) => token.slice(0, -1) + (token.endsWith("A") ? "B" : nextLetter(token)),
  "in the other alphabet": (token) => token.replace(/\.([^.]*)$/, (_, tail: string) => `.+${tail.slice(1)}`),
  "with a line break": (token) => `${token.slice(0, 40)}\n${token.slice(40)}`,
  "with a space in front": (token) => ` ${token}`,
  "with a fourth part": (token) => `${token}.e30`,
  "with a bit of the payload changed": (token) =>
    token.replace(/\.(.)/, (_, letter: string) => `.${letter === "e" ? "f" : "e"}`),
  "cut short": (token) => token.slice(0, -8),
};

/** The letter after the last: the same bytes, since its low bits are spare. */
function nextLetter(token: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet.charAt(alphabet.indexOf(token.slice(-1)) + 1);
}

async function partnerWorld(partner: TestIssuer): Promise<World & AsyncDisposable> {
  return testWorld((config, issuer) => {
    withBot(config, issuer);
    partner.trustIn(config);
  });
}

test("[subject.spoilt] a subject token that is expired, for another, or of two readings is refused under both types, and begins nothing", async () => {
  await using partner = await openIssuer();
  await using world = await partnerWorld(partner);
  const [ask, key] = [createAsker(), makeDpopKey()];
  const exchange = async (token: string, type: string): ReturnType<typeof ask> =>
    ask({
      ...{ url: at(world, "/token"), key },
      form: exchangeForm(world, token, { subject_token_type: tokenType(type) }),
    });
  const spoilt: Readonly<Record<string, Spoilt>> = {
    ...spoiltAnyway(partner.signers),
    "another issuer": claims({ iss: world.idp }),
    "this broker as issuer": claims({ iss: world.remit.issuer }),
    "an issuer with a slash": claims({ iss: `${partner.issuer}/` }),
    "too old": claims({ iat: now() - 301 }),
    "no time of making": claims({ iat: undefined }),
    "no subject": claims({ sub: undefined }),
    "an empty subject": claims({ sub: "" }),
    "a number as subject": claims({ sub: 7 }),
    "another authorized party": claims({ azp: "https://elsewhere.example", client_id: "somebody-else" }),
  };
  const makers = { id_token: partner.idToken, access_token: partner.accessToken };
  const before = standing(world);
  for (const [type, make] of Object.entries(makers)) {
    for (const [what, how] of Object.entries(spoilt)) {
      const own =
        type === "access_token" && how.header !== undefined
          ? { ...how, header: { typ: "at+jwt", ...how.header } }
          : how;
      const told = await exchange(make(own), type);
      assert.equal(told.status, 400, `${type} ${what}: ${JSON.stringify(told)}`);
      assert.equal(told.error, "invalid_request", `${type} ${what}`);
      assert.match(
        told.code ?? "",
        /^subject_token_invalid$|^feature_unavailable$|^malformed_request$/,
        `${type} ${what}`,
      );
    }
    for (const [what, spell] of Object.entries(SPELLINGS)) {
      const told = await exchange(spell(make()), type);
      assert.equal(told.error, "invalid_request", `${type} ${what}: ${JSON.stringify(told)}`);
    }
  }
  assert.deepEqual(standing(world), before);
  const good: readonly (readonly [type: string, token: string])[] = [
    ["id_token", partner.idToken()],
    ["id_token", partner.idToken({ header: { typ: "JWT" } })],
    ["id_token", partner.idToken({ header: { alg: "RS256", kid: "rsa" }, signer: partner.signers.RS256 })],
    ["id_token", partner.idToken({ claims: { exp: now() + 60.00012, aud: "triage-bot", azp: "triage-bot" } })],
    ["access_token", partner.accessToken()],
    ["access_token", partner.accessToken({ claims: { aud: BROKER_AUDIENCE } })],
  ];
  for (const [at, [type, token]] of good.entries())
    assert.equal((await exchange(token, type)).status, 200, `good token ${at}`);
});

test("[client.spoilt] a client assertion that is expired, for another, or of two readings authenticates nobody, and begins nothing", async () => {
  await using partner = await openIssuer();
  await using world = await partnerWorld(partner);
  const [ask, key] = [createAsker(), makeDpopKey()];
  const { issuer } = world.remit;
  const assertion = (spoilt: Spoilt = {}): string => {
    const own = { iss: "triage-bot", sub: "triage-bot", aud: issuer, iat: now(), exp: now() + 60, jti: randomUUID() };
    const signer = spoilt.signer ?? es256(world.botKey);
    return jwsOf({ alg: "ES256", ...spoilt.header }, { ...own, ...spoilt.claims }, { ...spoilt, signer });
  };
  const exchange = async (text: string): ReturnType<typeof ask> =>
    ask({ url: at(world, "/token"), key, form: { ...exchangeForm(world, partner.idToken()), ...asBot(world, text) } });
  const spki = createPublicKey(world.botKey).export({ format: "pem", type: "spki" });
  const { "no key named among several": _named, "an unknown key": _unknown, ...anyway } = spoiltAnyway(partner.signers);
  const spoilt: Readonly<Record<string, Spoilt>> = {
    ...anyway,
    "alg HS256 with the client's public key": {
      header: { alg: "HS256" },
      signer: (input) => createHmac("sha256", spki).update(input).digest(),
    },
    "the token endpoint as audience": claims({ aud: at(world, "/token") }),
    "the issuer and another as audience": claims({ aud: [issuer, "https://elsewhere.example"] }),
    "the issuer in a list": claims({ aud: [issuer] }),
    "the issuer with a slash": claims({ aud: `${issuer}/` }),
    "another subject": claims({ sub: "coding-agent" }),
    "an unknown client": claims({ iss: "nobody", sub: "nobody" }),
    "a client whose people begin its tasks": claims({ iss: "coding-agent", sub: "coding-agent" }),
    "no name": claims({ jti: undefined }),
    "an empty name": claims({ jti: "" }),
    "a very long name": claims({ jti: "x".repeat(129) }),
    "a long life": claims({ exp: now() + 3_600 }),
    "the type of an access token": header({ typ: "at+jwt" }),
  };
  const before = standing(world);
  for (const [what, how] of Object.entries(spoilt)) {
    const told = await exchange(assertion(how));
    const { status, error, code } = told;
    const refused = { status: 401, error: "invalid_client", code: "client_assertion_invalid" };
    assert.deepEqual({ status, error, code }, refused, `${what}: ${JSON.stringify(told)}`);
  }
  for (const [what, spell] of Object.entries(SPELLINGS))
    assert.equal((await exchange(spell(assertion()))).error, "invalid_client", what);
  assert.deepEqual(standing(world), before);
  assert.equal((await exchange(assertion({ header: { typ: "JWT", kid: "mine" } }))).status, 200);
  assert.equal((await exchange(assertion({ claims: { exp: now() + 60.00012, nbf: now() } }))).status, 200);
});

/** The order of P-256: with a signature (r, s) of ES256, (r, order - s) is one as well, and anybody can make it. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function otherSignature(token: string): string {
  const [head = "", body = "", tail = ""] = token.split(".");
  const bytes = Buffer.from(tail, "base64url");
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
  return [head, body, other.toString("base64url")].join(".");
}

test("[subject.one-signature-or-two] a subject token is used once, also with the other signature that anybody can make of its own", async () => {
  await using partner = await openIssuer();
  await using world = await partnerWorld(partner);
  const ask = createAsker();
  const exchange = async (token: string, type: string): Promise<string | undefined> => {
    const form = exchangeForm(world, token, { subject_token_type: tokenType(type) });
    const { status, code } = await ask({ url: at(world, "/token"), key: makeDpopKey(), form });
    return status === 200 ? "ok" : code;
  };
  for (const [type, token] of [
    ["id_token", partner.idToken()],
    ["access_token", partner.accessToken()],
  ] as const) {
    assert.equal(await exchange(otherSignature(token), type), "ok", "it is a good signature");
    assert.equal(await exchange(token, type), "subject_token_used");
    assert.equal(await exchange(otherSignature(token), type), "subject_token_used");
  }
});
