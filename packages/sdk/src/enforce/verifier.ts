import { hash, type KeyObject } from "node:crypto";
import {
  type Authority,
  type ConnectorLookup,
  err,
  judgeProof,
  MAX_TOKEN_BYTES,
  ok,
  parseAuthority,
  readDpopProof,
  readJws,
  readTokenClaims,
  type Refusal,
  refuse,
  type Result,
  type SeenSet,
  thumbprint,
  type TokenClaims,
  type UnverifiedProof,
  verifyJws,
  verifyProof,
} from "@remit/core";
import { importPublic, sha256, verifierOf } from "../crypto.ts";
import type { Nonces } from "./nonces.ts";

/** What an enforcement point asks about the present: is this still alive, and what time is it at the broker. */
export interface Standing {
  /** Whether nothing that the token depends on was revoked. */
  isLive(ids: readonly string[], issuedAt: number): boolean;
  /** Whether the point can prove that it knows all revocations, within the bound of reads. */
  isFresh(): boolean;
  /** Broker time in milliseconds and how far it may be off. */
  brokerTime(): { readonly nowMs: number; readonly uncertaintyMs: number };
}

/** A call whose token and proof hold. */
export interface VerifiedCall {
  readonly claims: TokenClaims;
  readonly authority: Authority;
}

export interface VerifierOptions {
  readonly issuer: string;
  /** This resource's URL: the only audience. There is no default. */
  readonly resource: string;
  readonly keyOf: (kid: string) => KeyObject | undefined;
  readonly lookup: ConnectorLookup;
  readonly standing: Standing;
  readonly nonces: Nonces;
  readonly seen: SeenSet;
  /** Tokens remembered as verified. */
  readonly memory?: number;
}

export interface PresentedCall {
  readonly method: string;
  /** Public URL of the request without query, from configuration and the raw path; never from the Host header. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
}

export interface Verifier {
  /** Judges token, proof and liveness of one call. Synchronous; every doubt is a refusal. */
  verify(call: PresentedCall): Result<VerifiedCall, Refusal>;
}

interface Remembered extends VerifiedCall {
  readonly key: string;
  readonly ath: string;
  /** Ids whose revocation ends this token, with its signing and holder keys. */
  readonly live: readonly string[];
}

/** Makes the verifier of one resource. What it remembers is what was verified, never a verdict. */
export function createVerifier(options: VerifierOptions): Verifier {
  const tokens = new Generations<Remembered>(options.memory ?? 10_000);
  const keys = new Generations<KeyObject>(options.memory ?? 10_000);
  return {
    verify(call) {
      const token = bearerOf(call.authorization);
      if (!token.ok) return token;
      const held = tokens.get(token.value) ?? verifyToken(token.value, options);
      if ("error" in held) return held;
      const now = options.standing.brokerTime();
      if (held.claims.nbf * 1000 > now.nowMs + now.uncertaintyMs) return err(refuse("token_invalid", "not valid yet"));
      if (held.claims.exp * 1000 <= now.nowMs + now.uncertaintyMs) return err(refuse("token_invalid", "expired"));
      tokens.set(token.value, held);
      if (!options.standing.isFresh()) return err(refuse("feed_stale", "the feed is not proven fresh"));
      if (!options.standing.isLive(held.live, held.claims.iat)) return err(refuse("token_revoked", "something it depends on was revoked"));
      const proof = checkProof(call, held, options, keys, Math.floor(now.nowMs / 1000));
      return proof.ok ? ok(held) : proof;
    },
  };
}

function bearerOf(authorization: string | undefined): Result<string, Refusal> {
  if (authorization === undefined) return err(refuse("token_missing", "no Authorization header"));
  if (!authorization.startsWith("DPoP ")) return err(refuse("token_invalid", "a bound token comes with the DPoP scheme"));
  return ok(authorization.slice(5));
}

function verifyToken(token: string, options: VerifierOptions): Remembered | { readonly ok: false; readonly error: Refusal } {
  const invalid = (detail: string): { readonly ok: false; readonly error: Refusal } => err(refuse("token_invalid", detail));
  const jws = readJws(token, { maxBytes: MAX_TOKEN_BYTES });
  if (!jws.ok) return invalid(`token ${jws.error}`);
  const { kid } = jws.value.header;
  const key = kid === undefined ? undefined : options.keyOf(kid);
  if (kid === undefined || key === undefined) return invalid("signing key unknown");
  const checked = verifyJws(jws.value, { typ: ["at+jwt"], alg: ["ES256"], verify: verifierOf(key) });
  if (!checked.ok) return invalid(`token ${checked.error}`);
  const claims = readTokenClaims(checked.value.payload);
  if (!claims.ok) return invalid(`claim ${claims.error}`);
  if (claims.value.iss !== options.issuer) return invalid("issuer");
  if (claims.value.aud !== options.resource) return invalid("audience");
  const authority = parseAuthority(claims.value.authorization_details, options.lookup);
  if (!authority.ok) return invalid(authority.error.detail);
  const { cnf, live } = claims.value;
  return {
    claims: claims.value,
    authority: authority.value,
    key: cnf.jkt,
    ath: hash("sha256", token, "base64url"),
    live: [...live, `kid:${kid}`, `key:${cnf.jkt}`],
  };
}

function checkProof(call: PresentedCall, held: Remembered, options: VerifierOptions, keys: Generations<KeyObject>, now: number): Result<undefined, Refusal> {
  if (call.dpop === undefined) return err(refuse("dpop_invalid", "no proof"));
  const read = readDpopProof(call.dpop);
  if (!read.ok) return err(refuse("dpop_invalid", `proof ${read.error}`));
  if (thumbprint(read.value.jwk, sha256) !== held.key) return err(refuse("dpop_invalid", "proof of another key"));
  const expected = { method: call.method, url: call.url, ath: held.ath, now, acceptsNonce: (nonce: string | undefined) => options.nonces.accepts(nonce) };
  const judged = judgeProof(read.value, expected);
  if (!judged.ok && judged.error !== "nonce") return err(refuse("dpop_invalid", `proof ${judged.error}`));
  if (!verifyProof(read.value, verifierOf(keyOf(read.value, held.key, keys))).ok) return err(refuse("dpop_invalid", "proof signature"));
  if (!judged.ok) return err(refuse("dpop_nonce", "a nonce of this process is needed"));
  const noted = options.seen.add(`${held.key}.${judged.value.jti}`, now);
  if (noted === "full") return err(refuse("proofs_full", "the memory of proofs is full"));
  return noted === "new" ? ok(undefined) : err(refuse("dpop_replayed", "proof used before"));
}

function keyOf(proof: UnverifiedProof, jkt: string, keys: Generations<KeyObject>): KeyObject {
  const held = keys.get(jkt);
  if (held !== undefined) return held;
  const key = importPublic(proof.jwk);
  keys.set(jkt, key);
  return key;
}

/** A bounded memory that forgets the older half; forgetting here costs time, never safety. */
class Generations<T> {
  readonly #capacity: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): T | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: T): void {
    if (this.#young.has(key)) return;
    if (this.#young.size >= this.#capacity / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
