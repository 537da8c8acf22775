import { fromBase64url, type Sha256, toBase64url, toHex, utf8 } from "./bytes.ts";
import { canonicalJson } from "./json/canonical.ts";
import { isJsonObject, type Json } from "./json/read.ts";

/** A public key that Remit accepts: P-256 for ES256, Ed25519 for EdDSA. */
export type PublicJwk =
  | { readonly kty: "EC"; readonly crv: "P-256"; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };

const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Reads a public JWK (RFC 7517) of the two accepted kinds. A key with any private member, one made for another use or
 * algorithm, and a point that is not on the curve are not one; so importing what is returned does not fail.
 */
export function readPublicJwk(json: Json | undefined): PublicJwk | undefined {
  if (!isJsonObject(json) || PRIVATE_MEMBERS.some((name) => name in json)) return undefined;
  const { kty, crv, x, y, use = "sig", alg } = json;
  if (!isCoordinate(x) || use !== "sig") return undefined;
  if (kty === "EC" && crv === "P-256" && isCoordinate(y) && isOnP256(x, y))
    return alg === undefined || alg === "ES256" ? { kty, crv, x, y } : undefined;
  if (kty !== "OKP" || crv !== "Ed25519" || y !== undefined) return undefined;
  return alg === undefined || alg === "EdDSA" || alg === "Ed25519" ? { kty, crv, x } : undefined;
}

const P256_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P256_B = 0x5ac635d8_aa3a93e7_b3ebbd55_769886bc_651d06b0_cc53b0f6_3bce3c3e_27d2604bn;

/** Whether two coordinates below the prime satisfy y² = x³ - 3x + b (NIST SP 800-186, curve P-256). */
function isOnP256(xText: string, yText: string): boolean {
  const [x, y] = [toInteger(xText), toInteger(yText)];
  return x < P256_PRIME && y < P256_PRIME && (y * y - x * x * x + 3n * x - P256_B) % P256_PRIME === 0n;
}

const toInteger = (coordinate: string): bigint => BigInt(`0x${toHex(fromBase64url(coordinate) ?? new Uint8Array(1))}`);

const isCoordinate = (value: Json | undefined): value is string =>
  typeof value === "string" && value.length === 43 && fromBase64url(value) !== undefined;

/** The JWS algorithm of a key; there is exactly one. */
export const algorithmOf = (jwk: PublicJwk): "ES256" | "EdDSA" => (jwk.kty === "EC" ? "ES256" : "EdDSA");

/** SHA-256 thumbprint of a key (RFC 7638), base64url. */
export function thumbprint(jwk: PublicJwk, sha256: Sha256): string {
  const members =
    jwk.kty === "EC" ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { crv: jwk.crv, kty: jwk.kty, x: jwk.x };
  return toBase64url(sha256(utf8(canonicalJson(members))));
}
