import { hash } from "node:crypto";
import { isJsonObject, readJson, signJws } from "@remit/core";
import { readSuccession, signerOf } from "@remit/sdk";
import type { Flags } from "./flags.ts";
import type { PointIdentity } from "./identity.ts";
import type { Vault } from "./vault/vault.ts";

/** Where the points listener is: said by a flag, or learnt when this point was enrolled. */
export async function placeOfPoints(flags: Flags, identity: PointIdentity, vault: Vault): Promise<string> {
  if (flags.points !== undefined) return flags.points;
  const handle = flags.boot ?? "";
  const spent = hash("sha256", handle, "base64url");
  // started again with the same command line, the handle has done its work already
  if (handle !== "" && vault.fixed("boot", () => "") !== spent) {
    await enrolWithHandle(handle, flags, identity, vault);
    vault.set("boot", spent);
  }
  const points = vault.fixed("points", () => "");
  if (points === "") throw new Error("this point is not enrolled yet: give --boot HANDLE once, or --points URL");
  return points;
}

/** The broker must be the one of the fingerprint before it is told a handle. */
async function checkPin({ broker, pin }: Flags): Promise<void> {
  const response = await fetch(`${broker}/trust`, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  const json = readJson(await response.text());
  const compact = json.ok && isJsonObject(json.value) ? json.value["succession"] : undefined;
  const read = readSuccession(typeof compact === "string" ? compact : "", { pin, issuer: broker });
  if (!read.ok) throw new Error(`\`${broker}\` does not prove that it is the broker of --pin (${read.error})`);
}

const TIMEOUT_MS = 10_000;

/** Enrols this point's key with a one-time handle and keeps where the points listener is. */
async function enrolWithHandle(handle: string, flags: Flags, identity: PointIdentity, vault: Vault): Promise<void> {
  await checkPin(flags);
  const { alg, sign } = signerOf(identity.key);
  const payload = {
    iss: flags.broker,
    handle_hash: hash("sha256", handle, "base64url"),
    iat: Math.floor(Date.now() / 1000),
  };
  const proof = signJws({ typ: "remit-enrol+jwt", alg }, payload, sign);
  const response = await fetch(`${flags.broker}/enrol`, {
    method: "POST",
    redirect: "error",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ handle, point: flags.name, key: identity.jwk, proof }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const json = readJson(await response.text());
  const points = json.ok && isJsonObject(json.value) ? json.value["points"] : undefined;
  if (!response.ok || typeof points !== "string")
    throw new Error(`the broker did not enrol this point (${response.status}); make a new handle and try again`);
  vault.set("points", points);
}
