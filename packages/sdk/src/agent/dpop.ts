import { generateKeyPairSync, hash, type KeyObject, randomBytes } from "node:crypto";
import { type PublicJwk, type Secret, signJws, thumbprint } from "@remit/core";
import { publicJwk, sha256, signerOf } from "../crypto.ts";

/** A key that proofs are made with. The private half stays in its KeyObject. */
export interface DpopKey {
  readonly privateKey: KeyObject;
  readonly jwk: PublicJwk;
  /** RFC 7638 SHA-256 thumbprint, as in `cnf.jkt`. */
  readonly jkt: string;
}

/** A fresh P-256 key. */
export const makeDpopKey = (): DpopKey => dpopKeyOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);

/** An existing private key as a proof key. */
export function dpopKeyOf(privateKey: KeyObject): DpopKey {
  const jwk = publicJwk(privateKey);
  return { privateKey, jwk, jkt: thumbprint(jwk, sha256) };
}

export interface ProofRequest {
  readonly key: DpopKey;
  readonly method: string;
  /** The request's URL; query and fragment are left out of `htu`. */
  readonly url: string;
  readonly nonce?: string | undefined;
  /** The token or session handle presented with it, hashed into `ath`. */
  readonly accessToken?: Secret<string> | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Makes one DPoP proof (RFC 9449 4.2) with a fresh 128-bit `jti`. */
export function dpopProof(request: ProofRequest): string {
  const { key, accessToken, nonce } = request;
  const { alg, sign } = signerOf(key.privateKey);
  return signJws(
    { typ: "dpop+jwt", alg, jwk: { ...key.jwk } },
    {
      jti: randomBytes(16).toString("base64url"),
      htm: request.method,
      htu: request.url.replace(/[?#].*$/s, ""),
      iat: Math.floor(request.now / 1000),
      ...(accessToken === undefined ? {} : { ath: hash("sha256", accessToken.reveal(), "base64url") }),
      ...(nonce === undefined ? {} : { nonce }),
    },
    sign,
  );
}
