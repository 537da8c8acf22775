import { fromBase64url, type Sha256, toBase64url, utf8 } from "./bytes.ts";
import { canonicalJson } from "./json/canonical.ts";
import { isJsonObject, type Json } from "./json/read.ts";

/** A public key that Remit accepts: P-256 for ES256, Ed25519 for EdDSA. */
export type PublicJwk =
  | { readonly kty: "EC"; readonly crv: "P-256"; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };

const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Reads a public JWK (RFC 7517) of the two accepted kinds; a key with any private member is not one. */
export function readPublicJwk(json: Json | undefined): PublicJwk | undefined {
  if (!isJsonObject(json) || PRIVATE_MEMBERS.some((name) => name in json)) return undefined;
  const { kty, crv, x, y } = json;
  if (!isCoordinate(x)) return undefined;
  if (kty === "EC" && crv === "P-256" && isCoordinate(y)) return { kty, crv, x, y };
  return kty === "OKP" && crv === "Ed25519" && y === undefined ? { kty, crv, x } : undefined;
}

const isCoordinate = (value: Json | undefined): value is string =>
  typeof value === "string" && value.length === 43 && fromBase64url(value) !== undefined;

/** The JWS algorithm of a key; there is exactly one. */
export const algorithmOf = (jwk: PublicJwk): "ES256" | "EdDSA" =>
  jwk.kty === "EC" ? "ES256" : "EdDSA";

/** SHA-256 thumbprint of a key (RFC 7638), base64url. */
export function thumbprint(jwk: PublicJwk, sha256: Sha256): string {
  const members =
    jwk.kty === "EC"
      ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
      : { crv: jwk.crv, kty: jwk.kty, x: jwk.x };
  return toBase64url(sha256(utf8(canonicalJson(members))));
}
