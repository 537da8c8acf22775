import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { JwsAlgorithm, PublicJwk, VerifyEd25519, VerifySignature } from "@remit/core";

/** Imports a public key; do this once a key. */
export const importPublic = (jwk: PublicJwk): KeyObject => createPublicKey({ key: { ...jwk }, format: "jwk" });

/** Checks signatures under one public key of ours or of a holder. */
export const verifierOf = (jwk: PublicJwk): VerifySignature =>
  verifierOfKey(importPublic(jwk), jwk.kty === "EC" ? "ES256" : "EdDSA");

/** Checks signatures under an imported key by one algorithm. */
export function verifierOfKey(key: KeyObject, alg: JwsAlgorithm): VerifySignature {
  switch (alg) {
    case "ES256":
      return (input, signature) => verify("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }, signature);
    case "EdDSA":
      return (input, signature) => verify(null, Buffer.from(input), key, signature);
    case "RS256":
      return (input, signature) => verify("sha256", Buffer.from(input), key, signature);
    case "PS256":
      return (input, signature) => verify("sha256", Buffer.from(input), { key, padding: 6, saltLength: 32 }, signature);
  }
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
