import { createPrivateKey, webcrypto } from "node:crypto";
import type { JsonObject } from "@remit/core";
import { createPointChannel, type PointChannel, publicJwk } from "@remit/sdk";
import type { TestRemit } from "./remit.ts";

/** A resource server of the test's own, as the broker knows it. */
export interface TestPoint {
  /** Its file, for `points/NAME.yaml` of the configuration. */
  readonly file: JsonObject;
  /** Its way to the broker: for `createLiveness`, keys and introspection. Close it before Remit is disposed of. */
  channel(remit: Pick<TestRemit, "issuer" | "pin" | "pointsUrl">): PointChannel;
}

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const DAY_MS = 86_400_000;

/** Makes the key and certificate of an enforcement point that serves these URLs. */
export async function newPoint(
  name: string,
  serves: readonly string[],
  may: readonly ("feed" | "spend" | "introspect")[] = ["feed"],
): Promise<TestPoint> {
  // only tests that need it wait for it
  await import("reflect-metadata");
  const { X509CertificateGenerator } = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const now = Date.now();
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${name}`,
      ...{ notBefore: new Date(now - DAY_MS), notAfter: new Date(now + DAY_MS) },
      ...{ keys, signingAlgorithm: { name: "ECDSA", hash: "SHA-256" } },
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return {
    file: { point: name, key: { ...publicJwk(key) }, serves: [...serves], may: [...may] },
    channel: ({ issuer, pin, pointsUrl }) =>
      createPointChannel({ pointsUrl, issuer, pin, key, certificate: made.toString("pem") }),
  };
}
