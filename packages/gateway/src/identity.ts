import { createPrivateKey, generateKeyPairSync, type KeyObject, randomFillSync, X509Certificate } from "node:crypto";
import { createIdBytes, makeId, type PublicJwk } from "@remit/core";
import { publicJwk } from "@remit/sdk";
import type { Vault } from "./vault/vault.ts";

/** Who this enforcement point is: a key, its certificate, and the key of its log. */
export interface PointIdentity {
  readonly key: KeyObject;
  readonly jwk: PublicJwk;
  readonly certificate: string;
  readonly logKey: KeyObject;
  /** Raw Ed25519 public key. */
  readonly logPublic: Uint8Array;
}

const fromDer = (der: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });

/** Opens the point's keys, making them at the first start. */
export async function openIdentity(vault: Vault, nowMs: number): Promise<PointIdentity> {
  const der = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
  const key = fromDer(
    vault.key("point", () => der(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)).reveal(),
  );
  const logKey = fromDer(vault.key("log", () => der(generateKeyPairSync("ed25519").privateKey)).reveal());
  const jwk = publicJwk(key);
  return {
    key,
    jwk,
    certificate: await certificateOf(key, jwk, { vault, nowMs }),
    logKey,
    logPublic: Buffer.from(publicJwk(logKey).x, "base64url"),
  };
}

/**
 * The certificate made at the first start, which is public; made anew only where it is not of this key or not of this
 * time, because the libraries that write certificates are large.
 */
async function certificateOf(
  key: KeyObject,
  jwk: PublicJwk,
  { vault, nowMs }: { readonly vault: Vault; readonly nowMs: number },
): Promise<string> {
  const held = vault.fixed("certificate", () => "");
  if (held !== "" && serves(new X509Certificate(held), key, nowMs)) return held;
  const { makeCertificate } = await import("./certificate.ts");
  const made = await makeCertificate(key, jwk, nowMs);
  vault.set("certificate", made);
  return made;
}

const serves = (certificate: X509Certificate, key: KeyObject, nowMs: number): boolean =>
  certificate.checkPrivateKey(key) &&
  certificate.validFromDate.getTime() <= nowMs &&
  nowMs < certificate.validToDate.getTime();

const idBytes = createIdBytes(randomFillSync);

/** A fresh decision id. */
export const newDecision = (): string => makeId("dec", Date.now(), idBytes());
