import {
  type JsonObject,
  MAX_TOKEN_BYTES,
  printTokenClaims,
  readJws,
  readTokenClaims,
  type TokenClaims,
  verifyJws,
} from "@remit/core";
import type { Broker } from "./broker.ts";

/** Reads an access token of this broker; undefined if it is not one. Says nothing about whether it is still alive. */
export function readOwnToken(broker: Pick<Broker, "ring" | "tokenHeaders">, text: string): TokenClaims | undefined {
  const jws = readJws(text, { maxBytes: MAX_TOKEN_BYTES, headers: broker.tokenHeaders });
  const { token } = broker.ring;
  if (!jws.ok || jws.value.header.kid !== token.kid) return undefined;
  const checked = verifyJws(jws.value, {
    typ: ["at+jwt"],
    alg: ["ES256"],
    verify: token.verify,
  });
  const claims = checked.ok ? readTokenClaims(checked.value.payload) : undefined;
  return claims?.ok === true ? claims.value : undefined;
}

/** Introspection (RFC 7662 2.2): everything that is not an active token for this caller is `{"active": false}`. */
export function introspect(
  broker: Broker,
  text: string,
  caller: { readonly client: string } | { readonly serves: (resource: string) => boolean },
): JsonObject {
  const inactive = { active: false };
  const claims = readOwnToken(broker, text);
  if (claims === undefined) return inactive;
  const mayKnow = "client" in caller ? claims.client_id === caller.client : caller.serves(claims.aud);
  if (!mayKnow || claims.exp * 1000 <= broker.now()) return inactive;
  const [grant = ""] = claims.grants;
  const ids = [...claims.live, claims.jti, `kid:${broker.ring.token.kid}`, `key:${claims.cnf.jkt}`];
  // in one question, since each is a lock on the database
  if (!broker.store.read.stillLives({ grant, ids, issuedSeconds: claims.iat }, broker.now())) return inactive;
  return { active: true, token_type: "DPoP", ...printTokenClaims(claims) };
}
