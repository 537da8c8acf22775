import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { toBase64url, utf8 } from "../src/bytes.ts";
import type { JsonObject } from "../src/json/read.ts";
import { algorithmOf, type PublicJwk, readPublicJwk, thumbprint } from "../src/jwk.ts";
import { type JwsFault, readJws, signJws, verifyJws, type VerifySignature } from "../src/jws.ts";

const sha256 = (data: Uint8Array): Uint8Array => hash("sha256", data, "buffer");
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const es256 = (input: string): Uint8Array =>
  sign("sha256", Buffer.from(input), { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
const checkWith =
  (jwk: PublicJwk): VerifySignature =>
  (input, signature) =>
    verify(
      jwk.kty === "EC" ? "sha256" : null,
      Buffer.from(input),
      { key: createPublicKey({ key: { ...jwk }, format: "jwk" }), dsaEncoding: "ieee-p1363" },
      signature,
    );
const own = readPublicJwk({ ...(pair.publicKey.export({ format: "jwk" }) as JsonObject) }); // a public JWK is strings only
assert.ok(own !== undefined);

const part = (text: string): string => toBase64url(utf8(text));
const compact = (header: string, payload = "{}", signature = "AA"): string =>
  `${part(header)}.${part(payload)}.${signature}`;
const faultOf = (text: string, options: Partial<Parameters<typeof readJws>[1]> = {}): JwsFault | "read" => {
  const jws = readJws(text, { maxBytes: 8_192, ...options });
  return jws.ok ? "read" : jws.error;
};

const GOOD = '{"alg":"ES256","typ":"at+jwt","kid":"k1"}';

test("[jws.one-spelling] every other spelling of a compact JWS is refused", () => {
  const token = compact(GOOD);
  const [head = "", body = "", tail = ""] = token.split(".");
  assert.equal(faultOf(token), "read");
  const rows: readonly (readonly [string, JwsFault])[] = [
    ["", "not_compact"],
    ["a.b", "not_compact"],
    [`${token}.`, "not_compact"],
    [`${token}.AA`, "not_compact"],
    ["..", "not_canonical"],
    [`${head}.${body}.`, "not_canonical"],
    [` ${token}`, "not_canonical"],
    [`${token}\n`, "not_canonical"],
    [`${head}=.${body}.${tail}`, "not_canonical"],
    [`${head}.${body}.AA==`, "not_canonical"],
    [`${head}.${body}.AB`, "not_canonical"],
    [`${head}.${body}.A`, "not_canonical"],
    [`${head}.${body}.A+`, "not_canonical"],
    [`${head}.${body}.A/`, "not_canonical"],
    [`${head.slice(0, 4)} ${head.slice(4)}.${body}.${tail}`, "not_canonical"],
    [`${head}.${body}.\uff21\uff21`, "not_canonical"],
    [`.${body}.${tail}`, "header_malformed"],
    [`${head}..${tail}`, "payload_malformed"],
    [token + "A".repeat(8_192), "too_large"],
  ];
  for (const [text, fault] of rows) assert.equal(faultOf(text), fault, JSON.stringify(text).slice(0, 90));
});

test("[jws.closed-header] a header holds alg, typ and kid, and nothing that moves trust elsewhere", () => {
  const rows: readonly (readonly [string, JwsFault])[] = [
    ['{"alg":"none"}', "algorithm"],
    ['{"alg":"None"}', "algorithm"],
    ['{"alg":"nOnE"}', "algorithm"],
    ['{"alg":""}', "algorithm"],
    ['{"alg":"HS256"}', "algorithm"],
    ['{"alg":"HS512"}', "algorithm"],
    ['{"alg":"ES256K"}', "algorithm"],
    ['{"alg":"es256"}', "algorithm"],
    ['{"alg":["ES256"]}', "algorithm"],
    ['{"alg":null}', "algorithm"],
    ["{}", "algorithm"],
    ['{"alg":"ES256","crit":[]}', "header_member"],
    ['{"alg":"ES256","crit":["b64"],"b64":false}', "header_member"],
    ['{"alg":"ES256","b64":true}', "header_member"],
    ['{"alg":"ES256","jku":"https://evil"}', "header_member"],
    ['{"alg":"ES256","x5u":"https://evil"}', "header_member"],
    ['{"alg":"ES256","x5c":[]}', "header_member"],
    ['{"alg":"ES256","jwk":{}}', "header_member"],
    ['{"alg":"ES256","cty":"JWT"}', "header_member"],
    ['{"alg":"ES256","zip":"DEF"}', "header_member"],
    ['{"alg":"ES256","Alg":"none"}', "header_member"],
    ['{"alg":"ES256","alg":"none"}', "header_malformed"],
    ['{"alg":"ES256","\\u0061lg":"none"}', "header_malformed"],
    ['{"alg":"ES256","typ":1}', "header_malformed"],
    ['{"alg":"ES256","typ":null}', "header_malformed"],
    ['{"alg":"ES256","kid":""}', "header_malformed"],
    ['{"alg":"ES256","kid":7}', "header_malformed"],
    ['{"alg":"ES256","kid":"../../etc/passwd"}', "header_malformed"],
    ['{"alg":"ES256","kid":"a b"}', "header_malformed"],
    ['{"alg":"ES256","kid":"k1\\n"}', "header_malformed"],
    [`{"alg":"ES256","kid":"${"a".repeat(65)}"}`, "header_malformed"],
    ['{"alg":"ES256"} x', "header_malformed"],
    ['["ES256"]', "header_malformed"],
    ['"ES256"', "header_malformed"],
    ["null", "header_malformed"],
  ];
  for (const [header, fault] of rows) assert.equal(faultOf(compact(header)), fault, header);
});

test("[jws.strict-payload] a payload is one JSON object with one reading", () => {
  const payloads = [
    "",
    "null",
    "[]",
    '"x"',
    '{"sub":"a","sub":"b"}',
    '{"sub":"a","\\u0073ub":"b"}',
    '{"exp":1e400}',
    '{"exp":9007199254740993}',
    '{"__proto__":{"admin":true}}',
    '{"a":1}x',
    '\ufeff{"a":1}',
    `{"a":${"[".repeat(40)}${"]".repeat(40)}}`,
  ];
  for (const payload of payloads) assert.equal(faultOf(compact(GOOD, payload)), "payload_malformed", payload);
});

test("[jws.type-and-algorithm] a good signature under another type or algorithm counts for nothing", () => {
  const kinds = [
    "at+jwt",
    "dpop+jwt",
    "remit-link+jwt",
    "remit-feed+jwt",
    "JWT",
    "AT+JWT",
    "application/at+jwt",
    undefined,
  ];
  for (const typ of kinds) {
    const header: JsonObject = typ === undefined ? { alg: "ES256" } : { alg: "ES256", typ };
    const jws = readJws(signJws(header, {}, es256), { maxBytes: 8_192 });
    assert.ok(jws.ok);
    for (const wanted of kinds) {
      const checked = verifyJws(jws.value, {
        typ: [wanted],
        alg: ["ES256"],
        verify: checkWith(own),
      });
      assert.equal(checked.ok ? "verified" : checked.error, wanted === typ ? "verified" : "type");
    }
    for (const alg of ["EdDSA", "RS256", "PS256"] as const) {
      const checked = verifyJws(jws.value, { typ: [typ], alg: [alg], verify: () => true });
      assert.equal(checked.ok ? "verified" : checked.error, "algorithm");
    }
  }
});

test("[jws.signature] no changed bit anywhere still verifies", () => {
  const token = signJws({ alg: "ES256", typ: "at+jwt", kid: "k1" }, { sub: "a", n: 1 }, es256);
  const alphabet = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
  fc.assert(
    fc.property(fc.nat({ max: token.length - 1 }), alphabet, (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      const jws = readJws(changed, { maxBytes: 8_192 });
      if (!jws.ok) return;
      const checked = verifyJws(jws.value, {
        typ: ["at+jwt"],
        alg: ["ES256"],
        verify: checkWith(own),
      });
      assert.equal(checked.ok, changed === token);
    }),
    { numRuns: 300 },
  );
});

test("[jws.rfc7515] the ES256 example of RFC 7515 A.3 reads and verifies", () => {
  const jwk = readPublicJwk({
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  });
  assert.ok(jwk !== undefined);
  const jws = readJws(
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    { maxBytes: 8_192 },
  );
  assert.ok(jws.ok);
  assert.equal(jws.value.payload["iss"], "joe");
  assert.ok(verifyJws(jws.value, { typ: [undefined], alg: ["ES256"], verify: checkWith(jwk) }).ok);
});

test("[jwk.thumbprint] thumbprints are those of RFC 7638, as RFC 8037 and RFC 9449 print them", () => {
  const ed = readPublicJwk({
    kty: "OKP",
    crv: "Ed25519",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  });
  const ec = readPublicJwk({
    kty: "EC",
    x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    crv: "P-256",
  });
  assert.ok(ed !== undefined && ec !== undefined);
  assert.equal(thumbprint(ed, sha256), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  assert.equal(thumbprint(ec, sha256), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
  assert.equal(algorithmOf(ed), "EdDSA");
  assert.equal(algorithmOf(ec), "ES256");
});

test("[jwk.public-only] only the public members of a signing key on its curve are a key", () => {
  const { x } = own;
  const y = own.kty === "EC" ? own.y : "";
  const good = { kty: "EC", crv: "P-256", x, y };
  assert.deepEqual(readPublicJwk({ ...good, kid: "a", use: "sig", alg: "ES256", ext: true }), good);
  const prime = "_____wAAAAEAAAAAAAAAAAAAAAD_______________8";
  const bad: readonly JsonObject[] = [
    ...["d", "p", "q", "dp", "dq", "qi", "oth", "k"].map((name) => ({ ...good, [name]: "AA" })),
    { ...good, d: null },
    { ...good, kty: "ec" },
    { ...good, kty: "RSA" },
    { ...good, kty: "oct", k: "AA" },
    { ...good, crv: "P-384" },
    { ...good, crv: "secp256k1" },
    { ...good, crv: "Ed25519" },
    { ...good, kty: "OKP" },
    { ...good, use: "enc" },
    { ...good, use: null },
    { ...good, alg: "ES384" },
    { ...good, alg: "none" },
    { ...good, alg: null },
    { ...good, x: `${x}=` },
    { ...good, x: x.slice(1) },
    { ...good, x: `A${x}` },
    { ...good, x: `${x.slice(0, -1)}_` },
    { ...good, x: [x] },
    { ...good, x: y, y: x },
    { ...good, x: "A".repeat(43), y: "A".repeat(43) },
    { ...good, x: prime },
    { ...good, y: prime },
    { kty: "EC", crv: "P-256", x },
    { kty: "OKP", crv: "Ed25519", x, y },
    { kty: "OKP", crv: "X25519", x },
    { kty: "OKP", crv: "Ed25519", x, alg: "ES256" },
    { kty: "OKP", crv: "Ed25519" },
  ];
  for (const json of bad) assert.equal(readPublicJwk(json), undefined, JSON.stringify(json));
  for (const json of [undefined, null, "x", [], 7]) assert.equal(readPublicJwk(json), undefined);
});

test("[jwk.imports] a P-256 key is read exactly when the platform imports it", () => {
  const coordinate = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toBase64url);
  const y = own.kty === "EC" ? own.y : "";
  const imports = (jwk: JsonObject): boolean => {
    try {
      return createPublicKey({ key: { ...jwk }, format: "jwk" }).type === "public";
    } catch {
      return false; // the platform says by throwing that this is no point of the curve
    }
  };
  fc.assert(
    fc.property(fc.oneof(coordinate, fc.constant(own.x)), fc.oneof(coordinate, fc.constant(y)), (one, other) => {
      const jwk = { kty: "EC", crv: "P-256", x: one, y: other };
      assert.equal(readPublicJwk(jwk) !== undefined, imports(jwk));
    }),
  );
  const fresh = (): JsonObject => ({
    ...(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
      format: "jwk",
    }) as JsonObject), // a public JWK is strings only
  });
  for (let round = 0; round < 50; round++) assert.ok(readPublicJwk(fresh()) !== undefined);
});
