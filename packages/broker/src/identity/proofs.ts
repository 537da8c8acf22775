import { hash } from "node:crypto";
import {
  createProofMemory,
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
  type VerifySignature,
} from "@remit/core";
import { verifierOf } from "../keys/verify.ts";
import { sha256 } from "../store/frontier.ts";
import type { Nonces } from "./nonces.ts";

/** What is proven about one request: whoever sent it holds this key. */
export interface Prover {
  prove(request: {
    readonly method: string;
    readonly url: string;
    readonly dpop: string | undefined;
    readonly token?: string;
  }): Result<{ readonly jkt: string }, Refusal>;
}

const MAX_KEYS = 20_000;

/**
 * What is remembered of proofs and assertions, each: 4,400 proofs a second for ever, and 1,200 assertions. Strangers can
 * prove a key as well, so the bound is beyond what one process can verify. Full it takes some 75 MB.
 */
export const REMEMBERED = 400_000;
export const PROOF_SECONDS = 90;
export const ASSERTION_SECONDS = 330;

/** A key that proofs were made with: hashed and imported once, as long as it is remembered. */
interface Holder {
  readonly jkt: string;
  readonly verify: VerifySignature;
}

/** Judges DPoP proofs at the broker's own endpoints: with a nonce of this process, once each (RFC 9449). */
export function createProver(given: {
  readonly nonces: Nonces;
  readonly seen: SeenSet;
  readonly now: () => number;
}): Prover {
  const memory = createProofMemory(MAX_KEYS);
  const holders = new WeakMap<PublicJwk, Holder>();
  const holderOf = (jwk: PublicJwk): Holder => {
    const held = holders.get(jwk);
    if (held !== undefined) return held;
    const holder = { jkt: thumbprint(jwk, sha256), verify: verifierOf(jwk) };
    holders.set(jwk, holder);
    return holder;
  };
  return {
    prove({ method, url, dpop, token }) {
      if (dpop === undefined) return err(refuse("proof_missing", "no DPoP header"));
      const read = readDpopProof(dpop, memory);
      if (!read.ok) return err(refuse("proof_invalid", `proof ${read.error}`));
      const now = Math.floor(given.now() / 1000);
      const ath = token === undefined ? undefined : hash("sha256", token, "base64url");
      const judged = judgeProof(read.value, {
        method,
        url,
        ath,
        now,
        acceptsNonce: (nonce) => given.nonces.accepts(nonce),
      });
      if (!judged.ok && judged.error !== "nonce") return err(refuse("proof_invalid", `proof ${judged.error}`));
      const { jkt, verify } = holderOf(read.value.jwk);
      if (!verifyProof(read.value, verify).ok) return err(refuse("proof_invalid", "proof signature"));
      if (!judged.ok) return err(refuse("nonce_required", "a nonce of this process is needed"));
      // as a hash, so that a caller does not choose how much is kept
      const noted = given.seen.add(hash("sha256", `${jkt}.${judged.value.jti}`, "base64url"), given.nonces.seconds());
      if (noted === "full") return err(refuse("overloaded", "the memory of proofs is full"));
      if (noted === "seen") return err(refuse("proof_replayed", "proof used before"));
      return ok({ jkt });
    },
  };
}
