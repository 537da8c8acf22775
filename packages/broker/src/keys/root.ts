import { createPrivateKey, generateKeyPairSync, hash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fromBase64url, signJws } from "@remit/core";
import { type Keyring, signingKey, type SigningKey } from "./keyring.ts";
import { open, seal, type SealKey, type SealPlace } from "./seal.ts";

/** What the root key once signed: which feed, log and points certificate belong to this broker. */
export interface Succession {
  /** Compact JWS, typ `remit-succession+jwt`. */
  readonly jws: string;
  /** Fingerprint of the root key, which points are given. */
  readonly pin: string;
  readonly certificatePem: string;
}

/** What is needed to make or find the succession. */
export interface RootGiven {
  readonly issuer: string;
  readonly ring: Keyring;
  /** Where the sealed root key goes: its owner's folder, not the data folder. */
  readonly rootFile: string;
  readonly sealKey: SealKey;
  readonly now: Date;
}

/**
 * The succession, made at the first start by a root key that is then sealed to a file of its owner and kept in no
 * process. Later starts use what was signed then.
 */
export async function ensureSuccession(given: RootGiven): Promise<Succession> {
  const { ring } = given;
  const [jws, pin, certificatePem] = [ring.held("succession"), ring.held("pin"), ring.held("points_certificate")];
  if (jws !== undefined && pin !== undefined && certificatePem !== undefined) return { jws, pin, certificatePem };
  return makeSuccession(given);
}

const rootPlace = (issuer: string): SealPlace => ({
  tenant: "local",
  table: "root",
  id: issuer,
  column: "file",
  version: 1,
});

/** Opens the sealed root key, for the rare acts that need it. */
export function openRoot(file: string, issuer: string, sealKey: SealKey): SigningKey {
  const pkcs8 = open(readFileSync(file), rootPlace(issuer), sealKey);
  return signingKey(createPrivateKey({ key: Buffer.from(pkcs8.reveal()), format: "der", type: "pkcs8" }));
}

async function makeSuccession(given: RootGiven): Promise<Succession> {
  const { issuer, ring, rootFile, sealKey, now } = given;
  if (existsSync(rootFile))
    throw new Error(`\`${rootFile}\` holds the root key of an earlier installation; move it away first`);
  // the libraries that write certificates are large, and later starts write none
  const { selfSigned } = await import("./certificate.ts");
  const certificate = await selfSigned(ring.pointsTls, "remit points", now);
  const { privateKey } = generateKeyPairSync("ed25519");
  const root = signingKey(privateKey);
  const raw = fromBase64url(root.jwk.x);
  if (raw === undefined) throw new Error("the root key has no public bytes");
  const payload = {
    iss: issuer,
    iat: Math.floor(now.getTime() / 1000),
    root: { ...root.jwk },
    feed: { kid: ring.feed.kid, jwk: { ...ring.feed.jwk } },
    log: { name: logName(issuer), key: ring.log.jwk.x },
    points_cert: Buffer.from(certificate.der).toString("base64"),
  };
  const jws = signJws({ typ: "remit-succession+jwt", alg: "EdDSA", kid: root.kid }, payload, root.sign);
  mkdirSync(dirname(rootFile), { recursive: true, mode: 0o700 });
  writeFileSync(rootFile, seal(privateKey.export({ format: "der", type: "pkcs8" }), rootPlace(issuer), sealKey), {
    mode: 0o600,
    flag: "wx",
  });
  ring.fixed("succession", () => jws);
  ring.fixed("pin", () => hash("sha256", raw, "base64url"));
  ring.fixed("points_certificate", () => certificate.pem);
  return { jws, pin: hash("sha256", raw, "base64url"), certificatePem: certificate.pem };
}

/** The name of the broker's log (C2SP: a scheme-less prefix). */
export const logName = (issuer: string): string => issuer.replace(/^https?:\/\//, "");
