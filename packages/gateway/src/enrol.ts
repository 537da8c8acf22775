import { hash } from "node:crypto";
import { isJsonObject, readJson, signJws } from "@remit/core";
import { signerOf } from "@remit/sdk";
import type { Flags } from "./flags.ts";
import type { PointIdentity } from "./identity.ts";
import type { Vault } from "./vault/vault.ts";

/** Enrols this point's key with a one-time handle and keeps where the points listener is. */
export async function enrolWithHandle(flags: Flags, identity: PointIdentity, vault: Vault): Promise<string> {
  const handle = flags.boot ?? "";
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
    signal: AbortSignal.timeout(10_000),
  });
  const json = readJson(await response.text());
  const points = json.ok && isJsonObject(json.value) ? json.value["points"] : undefined;
  if (!response.ok || typeof points !== "string")
    throw new Error(`the broker did not enrol this point (${response.status}); make a new handle and try again`);
  vault.set("points", points);
  return points;
}
