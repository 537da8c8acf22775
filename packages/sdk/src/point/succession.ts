import { hash, type KeyObject } from "node:crypto";
import {
  err,
  fromBase64,
  fromBase64url,
  isJsonObject,
  type Json,
  ok,
  readJws,
  readPublicJwk,
  type Result,
  verifyJws,
} from "@remit/core";
import { importPublic, verifierOf } from "../crypto.ts";

/** Which keys speak for a broker, as its root key signed it. */
export interface Succession {
  readonly issuer: string;
  /** Seconds; a later one replaces an earlier one, never the other way round. */
  readonly issuedAt: number;
  readonly feed: { readonly kid: string; readonly key: KeyObject };
  /** The broker's log: its name and raw Ed25519 public key. */
  readonly log: { readonly name: string; readonly key: Uint8Array };
  /** DER of the one certificate that the points listener shows. */
  readonly pointsCertificate: Uint8Array;
}

/** Why a succession is not believed. */
export type TrustFault = "malformed" | "pin" | "signature" | "issuer";

const MAX_BYTES = 16_384;
const MEMBERS = ["iss", "iat", "feed", "log", "points_cert", "root"];

/** The fingerprint of a root key: base64url SHA-256 of its 32 raw bytes. */
export const pinOf = (rawPublicKey: Uint8Array): string => hash("sha256", rawPublicKey, "base64url");

/** Believes a succession only if it is signed by the root key whose fingerprint is `pin` and speaks for this issuer. */
export function readSuccession(
  compact: string,
  expected: { readonly pin: string; readonly issuer: string },
): Result<Succession, TrustFault> {
  const jws = readJws(compact, { maxBytes: MAX_BYTES });
  if (!jws.ok) return err("malformed");
  const root = readPublicJwk(jws.value.payload["root"]);
  const raw = root?.kty === "OKP" ? fromBase64url(root.x) : undefined;
  if (root === undefined || raw === undefined) return err("malformed");
  if (pinOf(raw) !== expected.pin) return err("pin");
  const verify = verifierOf(importPublic(root));
  const checked = verifyJws(jws.value, { typ: ["remit-succession+jwt"], alg: ["EdDSA"], verify });
  if (!checked.ok) return err("signature");
  const { iss, iat, feed, log, points_cert } = checked.value.payload;
  if (Object.keys(checked.value.payload).some((name) => !MEMBERS.includes(name))) return err("malformed");
  if (iss !== expected.issuer) return err("issuer");
  const feedKey = readFeedKey(feed);
  const logKey = readLogKey(log);
  const certificate = typeof points_cert === "string" ? fromBase64(points_cert) : undefined;
  if (feedKey === undefined || logKey === undefined || certificate === undefined) return err("malformed");
  if (typeof iat !== "number" || !Number.isSafeInteger(iat)) return err("malformed");
  return ok({
    issuer: iss,
    issuedAt: iat,
    feed: feedKey,
    log: logKey,
    pointsCertificate: certificate,
  });
}

function readFeedKey(json: Json | undefined): Succession["feed"] | undefined {
  if (!isJsonObject(json) || typeof json["kid"] !== "string") return undefined;
  const jwk = readPublicJwk(json["jwk"]);
  return jwk?.kty === "EC" ? { kid: json["kid"], key: importPublic(jwk) } : undefined;
}

function readLogKey(json: Json | undefined): Succession["log"] | undefined {
  if (!isJsonObject(json) || typeof json["name"] !== "string" || typeof json["key"] !== "string") return undefined;
  const key = fromBase64url(json["key"]);
  return key?.length === 32 ? { name: json["name"], key } : undefined;
}
