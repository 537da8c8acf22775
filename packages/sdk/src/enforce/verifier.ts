import { hash, type KeyObject } from "node:crypto";
import {
  type ConnectorLookup,
  createGenerations,
  createProofMemory,
  err,
  type JwsHeader,
  ok,
  type Refusal,
  refuse,
  type Result,
  type SeenSet,
} from "@remit/core";
import type { Nonces } from "./nonces.ts";
import { checkProof, type Holder, type ProofJudge } from "./proof.ts";
import { tokenIn, type VerifiedToken, verifyToken } from "./token.ts";

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
export type VerifiedCall = Pick<VerifiedToken, "claims" | "authority" | "live">;

export interface VerifierOptions {
  readonly issuer: string;
  /** This resource's URL: the only audience. There is no default. */
  readonly resource: string;
  readonly keyOf: (kid: string) => KeyObject | undefined;
  readonly lookup: ConnectorLookup;
  /** `none` leaves only `verifyUnsafeWithoutLiveness`. */
  readonly standing: Standing | "none";
  readonly nonces: Nonces;
  /** Proofs used once; its generations must last at least `NONCE_LIFE_SECONDS`. */
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
  /** As `verify`, but a token that was revoked still counts until it expires by the caller's own clock (milliseconds). */
  verifyUnsafeWithoutLiveness(call: PresentedCall, nowMs: number): Result<VerifiedCall, Refusal>;
}

const MEMORY = 10_000;
const SIGNING_KEYS = 64;

/** Makes the verifier of one resource. What it remembers is what was verified, never a verdict. */
export function createVerifier(options: VerifierOptions): Verifier {
  const tokens = createGenerations<VerifiedToken>(options.memory ?? MEMORY);
  const judge: ProofJudge = {
    nonces: options.nonces,
    seen: options.seen,
    holders: createGenerations<Holder>(options.memory ?? MEMORY),
    proofs: createProofMemory(options.memory ?? MEMORY),
  };
  const expected = { ...options, headers: createGenerations<JwsHeader>(SIGNING_KEYS) };
  const tokenOf = (text: string): Result<VerifiedToken, Refusal> => {
    // by the hash of all its bytes, which the proof must name anyway
    const ath = hash("sha256", text, "base64url");
    const held = tokens.get(ath);
    // a key that was retired or replaced takes the memory of its tokens with it
    if (held !== undefined && options.keyOf(held.kid) === held.signedBy) return ok(held);
    const token = verifyToken(text, ath, expected);
    if (token.ok) tokens.set(ath, token.value);
    return token;
  };
  const judgeCall = (call: PresentedCall, standing: Standing): Result<VerifiedCall, Refusal> => {
    const text = tokenIn(call.authorization);
    if (!text.ok) return text;
    const token = tokenOf(text.value);
    if (!token.ok) return token;
    if (!standing.isFresh()) return err(refuse("feed_stale", "this point cannot prove that it is up to date"));
    const untimely = judgeTime(token.value, standing);
    if (untimely !== undefined) return err(untimely);
    if (!standing.isLive(token.value.live, token.value.claims.iat))
      return err(refuse("token_revoked", "something it depends on was revoked"));
    const { claims, ath } = token.value;
    const { nowMs } = standing.brokerTime();
    const { method, url, dpop } = call;
    const about = { method, url, proof: dpop, ath, jkt: claims.cnf.jkt, nowMs };
    const proof = checkProof(about, judge);
    return proof.ok ? ok(token.value) : proof;
  };
  return {
    verify: (call) =>
      options.standing === "none"
        ? err(refuse("feed_stale", "this verifier has no liveness"))
        : judgeCall(call, options.standing),
    verifyUnsafeWithoutLiveness: (call, nowMs) => judgeCall(call, withoutLiveness(nowMs)),
  };
}

/**
 * No leeway. The latest time that it may be counts, so what is not known about the clock shortens a token's life; a
 * token that this issuer signed is not refused as too young for an uncertainty of our own.
 */
function judgeTime({ claims }: VerifiedToken, standing: Standing): Refusal | undefined {
  const { nowMs, uncertaintyMs } = standing.brokerTime();
  const latestMs = nowMs + uncertaintyMs;
  if (!(latestMs < claims.exp * 1000)) return refuse("token_invalid", "claim exp: it is over");
  if (!(latestMs >= claims.nbf * 1000)) return refuse("token_invalid", "claim nbf: it has not begun");
  return undefined;
}

const withoutLiveness = (nowMs: number): Standing => ({
  isLive: () => true,
  isFresh: () => true,
  brokerTime: () => ({ nowMs, uncertaintyMs: 0 }),
});
