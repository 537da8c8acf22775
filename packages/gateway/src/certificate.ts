import "reflect-metadata";
import { type KeyObject, webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import type { PublicJwk } from "@remit/core";

/** Makes the self-signed certificate of a point's key: an identity that is enrolled, not one that is named. */
export async function makeCertificate(key: KeyObject, jwk: PublicJwk, nowMs: number): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const privateKey = await webcrypto.subtle.importKey(
    "pkcs8",
    key.export({ format: "der", type: "pkcs8" }),
    algorithm,
    false,
    ["sign"],
  );
  const publicKey = await webcrypto.subtle.importKey("jwk", { ...jwk }, algorithm, true, ["verify"]);
  const notBefore = new Date(nowMs - 60_000);
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
