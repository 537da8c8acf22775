import type { KeyObject } from "node:crypto";
import {
  err,
  judgeProof,
  ok,
  type PublicJwk,
  readDpopProof,
  type Refusal,
  refuse,
  type Result,
  type SeenSet,
  thumbprint,
  verifyProof,
} from "@remit/core";
import { importPublic, sha256, verifierOf } from "../crypto.ts";
import type { Generations } from "./generations.ts";
import type { Nonces } from "./nonces.ts";

/** What a proof is judged with. */
export interface ProofJudge {
  readonly nonces: Nonces;
  readonly seen: SeenSet;
  /** Holders' keys by thumbprint, imported once. */
  readonly holders: Generations<KeyObject>;
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
  const read = readDpopProof(call.proof);
  if (!read.ok) return err(refuse("dpop_invalid", `proof ${read.error}`));
  if (thumbprint(read.value.jwk, sha256) !== call.jkt)
    return err(refuse("dpop_invalid", "proof of another key"));
  const judged = judgeProof(read.value, {
    method: call.method,
    url: call.url,
    ath: call.ath,
    now: Math.floor(call.nowMs / 1000),
    acceptsNonce: (nonce) => judge.nonces.accepts(nonce),
  });
  if (!judged.ok && judged.error !== "nonce")
    return err(refuse("dpop_invalid", `proof ${judged.error}`));
  const key = holderKey(read.value.jwk, call.jkt, judge.holders);
  if (key === undefined || !verifyProof(read.value, verifierOf(key)).ok)
    return err(refuse("dpop_invalid", "proof signature"));
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

/** Undefined where the coordinates are no point of the curve. */
function holderKey(
  jwk: PublicJwk,
  jkt: string,
  holders: Generations<KeyObject>,
): KeyObject | undefined {
  const held = holders.get(jkt);
  if (held !== undefined) return held;
  try {
    const key = importPublic(jwk);
    holders.set(jkt, key);
    return key;
  } catch {
    // the platform throws for a point off the curve; that is a bad key, not a fault
    return undefined;
  }
}
