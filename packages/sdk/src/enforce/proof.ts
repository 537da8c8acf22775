import {
  err,
  type Generations,
  judgeProof,
  ok,
  type ProofMemory,
  type PublicJwk,
  readDpopProof,
  type Refusal,
  refuse,
  type Result,
  type SeenSet,
  thumbprint,
  verifyProof,
  type VerifySignature,
} from "@remit/core";
import { importPublic, sha256, verifierOf } from "../crypto.ts";
import type { Nonces } from "./nonces.ts";

/** What a proof is judged with. */
export interface ProofJudge {
  readonly nonces: Nonces;
  readonly seen: SeenSet;
  readonly holders: Generations<Holder>;
  readonly proofs: ProofMemory;
}

/** A holder's key, remembered by its thumbprint: hashed and imported once. */
export interface Holder {
  readonly jwk: PublicJwk;
  readonly verify: VerifySignature;
}

/** What the proof of one call must be about. */
export interface ProofOfCall {
  readonly proof: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly ath: string;
  readonly jkt: string;
  /** Broker time in milliseconds. */
  readonly nowMs: number;
}

/** Checks a proof (RFC 9449 4.3). Its nonce is judged before its `jti` is used up, and the `jti` is used up last. */
export function checkProof(call: ProofOfCall, judge: ProofJudge): Result<undefined, Refusal> {
  if (call.proof === undefined) return err(refuse("dpop_invalid", "there is no proof"));
  const read = readDpopProof(call.proof, judge.proofs);
  if (!read.ok) return err(refuse("dpop_invalid", `proof ${read.error}`));
  const holder = holderOf(read.value.jwk, call.jkt, judge.holders);
  if (holder === undefined) return err(refuse("dpop_invalid", "proof of another key"));
  const judged = judgeProof(read.value, {
    method: call.method,
    url: call.url,
    ath: call.ath,
    now: Math.floor(call.nowMs / 1000),
    acceptsNonce: (nonce) => judge.nonces.accepts(nonce),
  });
  if (!judged.ok && judged.error !== "nonce") return err(refuse("dpop_invalid", `proof ${judged.error}`));
  if (!verifyProof(read.value, holder.verify).ok) return err(refuse("dpop_invalid", "proof signature"));
  if (!judged.ok) return err(refuse("dpop_nonce", "a nonce of this process is needed"));
  switch (judge.seen.add(call.jkt + judged.value.jti, judge.nonces.seconds())) {
    case "new":
      return ok(undefined);
    case "seen":
      return err(refuse("dpop_replayed", "the proof was used before"));
    case "full":
      return err(refuse("proofs_full", "the memory of proofs is full"));
  }
}

/** The holder whose thumbprint the token names, if this is that key. */
function holderOf(jwk: PublicJwk, jkt: string, holders: Generations<Holder>): Holder | undefined {
  const held = holders.get(jkt);
  // one thumbprint is one key: the same members need no second hash
  if (held !== undefined) return sameKey(held.jwk, jwk) ? held : undefined;
  if (thumbprint(jwk, sha256) !== jkt) return undefined;
  const holder = { jwk, verify: verifierOf(importPublic(jwk)) };
  holders.set(jkt, holder);
  return holder;
}

function sameKey(one: PublicJwk, other: PublicJwk): boolean {
  if (one.kty === "EC") return other.kty === "EC" && one.x === other.x && one.y === other.y;
  return other.kty === "OKP" && one.x === other.x;
}
