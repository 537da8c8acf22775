import {
  err,
  type JsonObject,
  ok,
  readJws,
  readPublicJwk,
  canonicalJson,
  refuse,
  type Refusal,
  type Result,
  verifyJws,
  isHandle,
  thumbprint,
} from "@remit/core";
import type { Broker } from "./broker.ts";
import { verifierOf } from "./keys/verify.ts";
import { sha256 } from "./store/frontier.ts";
import { handleHash } from "./token.ts";

const MEMBERS = ["handle", "point", "key", "proof"];
const MAX_AGE_SECONDS = 120;

/** Enrols an enforcement point: a one-time handle, and a proof by the key that it is bound to from now on. */
export async function enrol(
  broker: Broker,
  body: JsonObject,
): Promise<Result<{ readonly point: string; readonly points: string }, Refusal>> {
  const { handle, point, key, proof } = body;
  if (Object.keys(body).some((name) => !MEMBERS.includes(name)))
    return err(refuse("malformed_request", "unknown member"));
  const jwk = readPublicJwk(key);
  if (
    !isHandle("rmt_boot_", handle) ||
    typeof point !== "string" ||
    !/^[a-z0-9][a-z0-9-]{0,62}$/.test(point) ||
    jwk?.kty !== "EC" ||
    typeof proof !== "string"
  ) {
    return err(refuse("malformed_request", "handle, point, key and proof are needed"));
  }
  const jws = readJws(proof, { maxBytes: 4_096 });
  const checked = jws.ok
    ? verifyJws(jws.value, { typ: ["remit-enrol+jwt"], alg: ["ES256"], verify: verifierOf(jwk) })
    : jws;
  if (!checked.ok) return err(refuse("proof_invalid", `enrolment proof ${checked.error}`));
  const { iss, handle_hash, iat } = checked.value.payload;
  const now = broker.now() / 1000;
  if (
    iss !== broker.issuer ||
    handle_hash !== handleHash(handle) ||
    typeof iat !== "number" ||
    Math.abs(now - iat) > MAX_AGE_SECONDS
  ) {
    return err(refuse("proof_invalid", "the enrolment proof is about something else"));
  }
  const spent = await broker.store.spendBoot({
    hash: handleHash(handle),
    // a handle may be for whoever of this name brings it first, or for one key alone
    purposes: [`point:${point}`, `point:${point}:${thumbprint(jwk, sha256)}`],
    spender: point,
  });
  if (!spent.ok) return spent;
  const enrolled = await broker.store.enrolPoint({
    name: point,
    key: canonicalJson({ ...jwk }),
    serves: "connected",
    may: ["feed", "spend", "resolve", "ship", "introspect"],
    by: "boot handle",
  });
  return ok({ point: enrolled.point, points: broker.pointsUrl() });
}
