import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomFillSync, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
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
export async function openIdentity(vault: Vault): Promise<PointIdentity> {
  const der = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
  const key = fromDer(
    vault.key("point", () => der(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)).reveal(),
  );
  const logKey = fromDer(vault.key("log", () => der(generateKeyPairSync("ed25519").privateKey)).reveal());
  const jwk = publicJwk(key);
  return {
    key,
    jwk,
    certificate: await certificateOf(key, jwk),
    logKey,
    logPublic: Buffer.from(publicJwk(logKey).x, "base64url"),
  };
}

async function certificateOf(key: KeyObject, jwk: PublicJwk): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const privateKey = await webcrypto.subtle.importKey(
    "pkcs8",
    key.export({ format: "der", type: "pkcs8" }),
    algorithm,
    false,
    ["sign"],
  );
  const publicKey = await webcrypto.subtle.importKey("jwk", { ...jwk }, algorithm, true, ["verify"]);
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notBefore.getUTCFullYear() + 10);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=remit point",
      notBefore,
      notAfter,
      keys: { privateKey, publicKey },
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    },
    webcrypto,
  );
  return certificate.toString("pem");
}

const idBytes = createIdBytes(randomFillSync);

/** A fresh decision id. */
export const newDecision = (): string => makeId("dec", Date.now(), idBytes());
