import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
import type { JwsAlgorithm, PublicJwk, Sha256, VerifyEd25519, VerifySignature } from "@remit/core";

/** SHA-256 by the platform. */
export const sha256: Sha256 = (data) => hash("sha256", data, "buffer");

/** Imports a public key; do this once a key. */
export const importPublic = (jwk: PublicJwk): KeyObject => createPublicKey({ key: { ...jwk }, format: "jwk" });

/** Checks signatures of one key by the platform (ES256 and EdDSA). */
export function verifierOf(key: KeyObject): VerifySignature {
  if (key.asymmetricKeyType === "ed25519")
    return (input, signature) => verify(null, Buffer.from(input), key, signature);
  const options = { key, dsaEncoding: "ieee-p1363" } as const;
  return (input, signature) => verify("sha256", Buffer.from(input), options, signature);
}

/** Signs with one private key by the platform. */
export function signerOf(key: KeyObject): {
  readonly alg: JwsAlgorithm;
  readonly sign: (input: string) => Uint8Array;
} {
  if (key.asymmetricKeyType === "ed25519")
    return { alg: "EdDSA", sign: (input) => sign(null, Buffer.from(input), key) };
  const options = { key, dsaEncoding: "ieee-p1363" } as const;
  return { alg: "ES256", sign: (input) => sign("sha256", Buffer.from(input), options) };
}

const ED25519_SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** Ed25519 over raw 32-byte keys, for checkpoints. */
export const verifyEd25519: VerifyEd25519 = (key, message, signature) => {
  if (key.length !== 32 || signature.length !== 64) return false;
  const spki = createPublicKey({
    key: Buffer.concat([ED25519_SPKI, key]),
    format: "der",
    type: "spki",
  });
  return verify(null, message, spki, signature);
};

/** The public half of a key as a JWK, only its public members. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { kty, crv, x, y } = (key.type === "private" ? createPublicKey(key) : key).export({
    format: "jwk",
  });
  if (kty === "EC" && crv === "P-256" && x !== undefined && y !== undefined) return { kty, crv, x, y };
  if (kty === "OKP" && crv === "Ed25519" && x !== undefined) return { kty, crv, x };
  throw new RangeError("the key is neither P-256 nor Ed25519");
}
