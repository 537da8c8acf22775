import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import type { SigningKey } from "./keyring.ts";

const CERTIFICATE_YEARS = 10;

/** Makes a self-signed certificate of a P-256 key: an identity that is pinned, not one that is named. */
export async function selfSigned(
  key: SigningKey,
  name: string,
  now: Date,
): Promise<{ readonly pem: string; readonly der: Uint8Array }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pkcs8 = key.key.export({ format: "der", type: "pkcs8" });
  const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  const publicKey = await webcrypto.subtle.importKey("jwk", { ...key.jwk }, algorithm, true, ["verify"]);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + CERTIFICATE_YEARS);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${name}`,
      notBefore: new Date(now.getTime() - 60_000),
      notAfter,
      keys: { privateKey, publicKey },
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    },
    webcrypto,
  );
  return { pem: certificate.toString("pem"), der: new Uint8Array(certificate.rawData) };
}
