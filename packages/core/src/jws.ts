import { fromBase64url, toBase64url, utf8 } from "./bytes.ts";
import type { Generations } from "./generations.ts";
import { canonicalJson } from "./json/canonical.ts";
import { isJsonObject, type Json, type JsonLimits, type JsonObject, readJson } from "./json/read.ts";
import { err, ok, type Result } from "./result.ts";

/** Signature algorithms that Remit makes or accepts anywhere; which of them counts is said at each place. */
export type JwsAlgorithm = "ES256" | "EdDSA" | "RS256" | "PS256";

const ALGORITHMS: readonly JwsAlgorithm[] = ["ES256", "EdDSA", "RS256", "PS256"];

/** Why a compact JWS is not accepted. */
export type JwsFault =
  | "too_large"
  | "not_compact"
  | "not_canonical"
  | "header_malformed"
  | "header_member"
  | "algorithm"
  | "type"
  | "payload_malformed"
  | "key_unknown"
  | "signature";

export interface JwsHeader {
  readonly alg: JwsAlgorithm;
  readonly typ: string | undefined;
  readonly kid: string | undefined;
  readonly jwk: Json | undefined;
}

/** A compact JWS (RFC 7515 3.1) that was read but whose signature nobody has checked: good for choosing a key, no more. */
export interface UnverifiedJws {
  readonly header: JwsHeader;
  readonly payload: JsonObject;
  /** ASCII of `header.payload`. */
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

declare const verified: unique symbol;

/** Data whose signature was checked. Only `verifyJws` makes it. */
export type Verified<T> = T & { readonly [verified]: true };

const LIMITS: JsonLimits = { bytes: 16_384, depth: 16, nodes: 2_000, keys: 64, string: 8_192 };
const KID = /^[A-Za-z0-9_-]{1,64}$/;
const KNOWN_HEADER = ["alg", "typ", "kid", "jwk"];

/**
 * Reads a compact JWS in its one spelling. Header members other than `alg`, `typ`, `kid` and, where `jwk` is allowed,
 * `jwk` are refused (so `crit`, `b64`, `jku` and `x5u` are); `none` and MAC algorithms do not exist here (RFC 8725).
 */
export function readJws(
  text: string,
  options: {
    readonly maxBytes: number;
    readonly jwk?: boolean;
    readonly extraHeaders?: readonly string[];
    /** Limits of the payload where it is larger than a token's. */
    readonly payload?: JsonLimits;
    /** Headers read before under these very options, by their encoded text: a holder's is the same each time. */
    readonly headers?: Generations<JwsHeader>;
  },
): Result<UnverifiedJws, JwsFault> {
  if (text.length > options.maxBytes) return err("too_large");
  const parts = text.split(".");
  const [head, body, tail] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || tail === undefined) return err("not_compact");
  const bodyBytes = fromBase64url(body);
  const signature = fromBase64url(tail);
  if (bodyBytes === undefined || signature === undefined || tail === "") return err("not_canonical");
  const remembered = options.headers?.get(head);
  const header = remembered === undefined ? decodeHeader(head, options) : ok(remembered);
  if (!header.ok) return header;
  if (remembered === undefined && head.length <= MAX_REMEMBERED) options.headers?.set(head, header.value);
  const payload = readJson(bodyBytes, options.payload ?? LIMITS);
  if (!payload.ok || !isJsonObject(payload.value)) return err("payload_malformed");
  return ok({
    header: header.value,
    payload: payload.value,
    signingInput: text.slice(0, head.length + 1 + body.length),
    signature,
  });
}

/** A header longer than this is read anew each time. */
const MAX_REMEMBERED = 1_024;

function decodeHeader(
  text: string,
  options: { readonly jwk?: boolean; readonly extraHeaders?: readonly string[] },
): Result<JwsHeader, JwsFault> {
  const bytes = fromBase64url(text);
  if (bytes === undefined) return err("not_canonical");
  return readHeader(readJson(bytes, LIMITS), options.jwk === true, options.extraHeaders ?? []);
}

function readHeader(
  json: Result<Json, unknown>,
  jwkAllowed: boolean,
  extra: readonly string[],
): Result<JwsHeader, JwsFault> {
  if (!json.ok || !isJsonObject(json.value)) return err("header_malformed");
  const members = json.value;
  if (Object.keys(members).some((name) => !KNOWN_HEADER.includes(name) && !extra.includes(name)))
    return err("header_member");
  if ("jwk" in members && !jwkAllowed) return err("header_member");
  const { typ, kid } = members;
  const alg = ALGORITHMS.find((known) => known === members["alg"]);
  if (alg === undefined) return err("algorithm");
  if (typ !== undefined && typeof typ !== "string") return err("header_malformed");
  if (kid !== undefined && (typeof kid !== "string" || !KID.test(kid))) return err("header_malformed");
  return ok({ alg, typ, kid, jwk: members["jwk"] });
}

/** Checks one signature; passed in, because `core` holds no cryptography. */
export type VerifySignature = (signingInput: string, signature: Uint8Array) => boolean;

/** Accepts a read JWS as verified: type and algorithm are compared exactly, then the signature is checked. */
export function verifyJws(
  jws: UnverifiedJws,
  expected: {
    readonly typ: readonly (string | undefined)[];
    readonly alg: readonly JwsAlgorithm[];
    readonly verify: VerifySignature;
  },
): Result<Verified<UnverifiedJws>, JwsFault> {
  if (!expected.typ.includes(jws.header.typ)) return err("type");
  if (!expected.alg.includes(jws.header.alg)) return err("algorithm");
  if (!expected.verify(jws.signingInput, jws.signature)) return err("signature");
  // the one place where the brand is given: the signature was checked on the line above
  return ok(jws as Verified<UnverifiedJws>);
}

/** Prints and signs a compact JWS. `sign` gets the ASCII signing input. */
export function signJws(header: JsonObject, payload: JsonObject, sign: (signingInput: string) => Uint8Array): string {
  return signJwsText(header, canonicalJson(payload), sign);
}

/** As `signJws`, over a payload that is already printed. */
export function signJwsText(header: JsonObject, payload: string, sign: (signingInput: string) => Uint8Array): string {
  const input = `${toBase64url(utf8(canonicalJson(header)))}.${toBase64url(utf8(payload))}`;
  return `${input}.${toBase64url(sign(input))}`;
}
