import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { makeDpopKey } from "../src/index.ts";
import {
  claimsFor,
  DETAILS,
  HEADER,
  id,
  ISSUER,
  jws,
  KID,
  NOW,
  OTHER_RESOURCE,
  outcome,
  p256,
  publicOf,
  rawJws,
  RESOURCE,
  type Scene,
  scene,
} from "./support/fixture.ts";

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
  ["EdDSA named over an ES256 key", (of) => of.token({}, { ...HEADER, alg: "EdDSA" }), "token algorithm"],
  [
    "EdDSA by a key of another kind under a known kid",
    (of) => jws({ ...HEADER, alg: "EdDSA" }, claimsFor(of.holder.jkt), generateKeyPairSync("ed25519").privateKey),
    "token algorithm",
  ],
  ["a kid that is a path", (of) => of.token({}, { ...HEADER, kid: "../../key" }), "token header_malformed"],
  ["a kid that is a member of Object", (of) => of.token({}, { ...HEADER, kid: "constructor" }), "token key_unknown"],
  ["an endless kid", (of) => of.token({}, { ...HEADER, kid: "k".repeat(65) }), "token header_malformed"],
  ["no kid", (of) => of.token({}, { typ: "at+jwt", alg: "ES256" }), "token key_unknown"],
  ["jku", (of) => of.token({}, { ...HEADER, jku: "https://evil.example/keys" }), "token header_member"],
  ["x5u", (of) => of.token({}, { ...HEADER, x5u: "https://evil.example/c" }), "token header_member"],
  ["a key in the header", (of) => of.token({}, { ...HEADER, jwk: { ...makeDpopKey().jwk } }), "token header_member"],
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
  ].map((typ) => [`typ ${typ}`, (of: Scene) => of.token({}, { ...HEADER, typ }), "token type"] as const),
  ["another key under our kid", (of) => jws(HEADER, claimsFor(of.holder.jkt), p256()), "token signature"],
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
      const payload = JSON.stringify(claimsFor(of.holder.jkt)).replace("{", `{"aud":"https://other.example",`);
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
    (of) => rawJws(JSON.stringify(HEADER), `${JSON.stringify(claimsFor(of.holder.jkt))}x`, of.signing),
    "token payload_malformed",
  ],
  ["a payload that is a list", (of) => rawJws(JSON.stringify(HEADER), "[]", of.signing), "token payload_malformed"],
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
  ["several audiences", (of) => of.token({ aud: [RESOURCE, "https://other.example"] }), "claim aud"],
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
  [
    "details for another resource of this point",
    (of) =>
      of.token({
        authorization_details: [{ ...DETAILS[0], type: "jira-two.issue", locations: [OTHER_RESOURCE] }],
      }),
    "claim authorization_details: another location",
  ],
  ["not yet valid", (of) => of.token({ nbf: NOW + 1 }), "claim nbf"],
  ["expired", (of) => of.token({ iat: NOW - 120, nbf: NOW - 120, exp: NOW }), "claim exp"],
  ["a reference token", () => "rmt_at_0000000000000000000000000000000000000000000000000", "token not_compact"],
  ["nothing", () => "", "token not_compact"],
];
for (const [what, make, detail] of tokenAttacks)
  test(`[verify.token-refused] a token is refused: ${what}`, () => {
    const of = scene();
    const token = make(of);
    const result = outcome(of.call(token, of.proof(token)));
    assert.ok(result.startsWith(`token_invalid: ${detail}`), `${result} should say ${detail}`);
  });
