import { createGenerations, type Generations } from "./generations.ts";
import { isJsonObject, type JsonObject } from "./json/read.ts";
import { algorithmOf, type PublicJwk, readPublicJwk } from "./jwk.ts";
import { type JwsHeader, readJws, type UnverifiedJws, type Verified, verifyJws, type VerifySignature } from "./jws.ts";
import { err, ok, type Result } from "./result.ts";

/** Why a DPoP proof (RFC 9449 4.3) is not accepted. `nonce` asks for another try with a nonce of ours. */
export type DpopFault =
  "malformed" | "key" | "signature" | "method" | "url" | "time" | "token" | "nonce" | "identifier";

/** A proof that was read; its key is known, its signature not yet checked. */
export interface UnverifiedProof {
  readonly jws: UnverifiedJws;
  readonly jwk: PublicJwk;
}

/** What a good proof shows: whoever sent this request holds this key. */
export interface Proof {
  readonly jwk: PublicJwk;
  readonly jti: string;
}

const MAX_PROOF = 4_096;

/**
 * Headers of proofs and the keys in them, as they were read before. The same key is then the same object, so what was
 * made of it once can be kept beside it. It holds no verdict: each proof's signature and claims are judged anew.
 */
export interface ProofMemory {
  readonly headers: Generations<JwsHeader>;
  readonly keys: WeakMap<JsonObject, PublicJwk>;
}

/** Makes a memory of at most this many headers. */
export const createProofMemory = (capacity: number): ProofMemory => ({
  headers: createGenerations(capacity),
  keys: new WeakMap(),
});

/** Reads a DPoP proof: a compact JWS with its public key in the header. */
export function readDpopProof(text: string, memory?: ProofMemory): Result<UnverifiedProof, DpopFault> {
  const options = { maxBytes: MAX_PROOF, jwk: true };
  const jws = readJws(text, memory === undefined ? options : { ...options, headers: memory.headers });
  if (!jws.ok) return err("malformed");
  if (jws.value.header.typ !== "dpop+jwt") return err("malformed");
  const jwk = keyIn(jws.value.header, memory);
  if (jwk === undefined || jws.value.header.alg !== algorithmOf(jwk)) return err("key");
  return ok({ jws: jws.value, jwk });
}

function keyIn({ jwk }: JwsHeader, memory: ProofMemory | undefined): PublicJwk | undefined {
  if (!isJsonObject(jwk)) return undefined;
  const held = memory?.keys.get(jwk);
  if (held !== undefined) return held;
  const read = readPublicJwk(jwk);
  if (read !== undefined) memory?.keys.set(jwk, read);
  return read;
}

/** What the proof must be about. Times are seconds. */
export interface DpopExpectation {
  readonly method: string;
  /** The configured public URL of the request, without query and fragment. */
  readonly url: string;
  /** Hash of the access token (base64url SHA-256); undefined where none is presented. */
  readonly ath: string | undefined;
  readonly now: number;
  readonly acceptsNonce: (nonce: string | undefined) => boolean;
}

/** Oldest and youngest accepted `iat`, in seconds from now. */
const OLDEST = 60;
const YOUNGEST = 10;

/** Checks the signature of a proof with the key in it. */
export function verifyProof(
  proof: UnverifiedProof,
  verify: VerifySignature,
): Result<Verified<UnverifiedJws>, DpopFault> {
  const checked = verifyJws(proof.jws, {
    typ: ["dpop+jwt"],
    alg: [algorithmOf(proof.jwk)],
    verify,
  });
  return checked.ok ? checked : err("signature");
}

/**
 * Judges what a proof says, cheapest first; the caller has checked or will check its signature before it counts.
 * The nonce is judged last, and before the caller consumes anything that is single-use.
 */
export function judgeProof(proof: UnverifiedProof, expected: DpopExpectation): Result<Proof, DpopFault> {
  const { htm, htu, iat, ath, jti, nonce } = proof.jws.payload;
  if (typeof jti !== "string" || jti.length < 1 || jti.length > 128) return err("identifier");
  if (htm !== expected.method) return err("method");
  if (typeof htu !== "string" || withoutQuery(htu) !== expected.url) return err("url");
  if (typeof iat !== "number" || !Number.isSafeInteger(iat)) return err("time");
  if (iat < expected.now - OLDEST || iat > expected.now + YOUNGEST) return err("time");
  if (ath !== expected.ath) return err("token");
  if (nonce !== undefined && typeof nonce !== "string") return err("malformed");
  if (!expected.acceptsNonce(nonce)) return err("nonce");
  return ok({ jwk: proof.jwk, jti });
}

function withoutQuery(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
