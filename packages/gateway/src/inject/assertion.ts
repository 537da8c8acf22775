import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { Secret } from "@remit/core";
import type { Signed } from "../vault/injection.ts";
import { signingAlgorithm } from "../vault/secrets.ts";

/** Longest that common servers accept, and enough for one request. */
const LIFE_S = 180;

/** A clock that is a minute ahead makes no statements of the future. */
const BACK_S = 60;

/** A signed statement that its bearer may have a token for the subject (RFC 7523 3), or for its issuer itself. */
export function signAssertion(inject: Signed, pem: Secret<string>, nowMs: number): Secret<string> {
  const key = createPrivateKey(pem.reveal());
  const alg = signingAlgorithm(key);
  if (alg === undefined) throw new Error("the vault holds a key that assertions are not signed with");
  const now = Math.floor(nowMs / 1_000);
  const { issuer: iss, subject: sub, audience: aud, keyId: kid, scope } = inject;
  const header = { alg, typ: "JWT", ...(kid === undefined ? {} : { kid }) };
  const claims = {
    ...{ iss, iat: now - BACK_S, exp: now + LIFE_S, jti: randomUUID() },
    ...(sub === undefined ? {} : { sub }),
    ...(aud === undefined ? {} : { aud }),
    ...(scope === undefined ? {} : { scope }),
  };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return new Secret(`${signed}.${signature.toString("base64url")}`);
}
