import {
  err,
  isJsonObject,
  type Json,
  MAX_TOKEN_BYTES,
  ok,
  printTokenClaims,
  readJson,
  type Refusal,
  refuse,
  type Result,
  signJwsText,
  type TokenClaims,
  canonicalJson,
} from "@remit/core";
import type { Broker } from "./broker.ts";
import type { Issued } from "./store/store.ts";

/** What the token endpoint answers with a token (RFC 6749 5.1, RFC 8693 2.2, RFC 9396 7). Times are seconds. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: "DPoP";
  readonly expires_in: number;
  readonly authorization_details: Json;
  readonly task: string;
  readonly grant: string;
  readonly lease_until: number;
  readonly task_ends: number;
}

/** Makes the token of what the store issued: a projection of one grant for one resource, and nothing else. */
export function projectToken(broker: Broker, issued: Issued): Result<TokenAnswer, Refusal> {
  const { row } = issued;
  const details = readJson(row.authority);
  if (!details.ok) throw new Error(`the authority of \`${row.grant}\` is not the JSON that was written`);
  const iat = Math.floor(issued.issuedMs / 1000);
  const exp = Math.floor(issued.tokenExpiresMs / 1000);
  const claims: TokenClaims = {
    iss: broker.issuer,
    aud: row.resource,
    sub: row.subject,
    sub_id: {
      format: "iss_sub",
      iss: row.subjectIdentity.issuer,
      sub: row.subjectIdentity.subject,
    },
    act: { iss: broker.issuer, sub: row.agent },
    client_id: row.clientName,
    jti: issued.jti,
    iat,
    nbf: iat,
    exp: Math.max(exp, iat + 1),
    cnf: { jkt: row.jkt },
    task: row.task,
    grants: [row.grant],
    depth: { left: row.depthLeft },
    live: row.live,
    connector: row.connector,
    connection: row.connection,
    authorization_details: details.value,
  };
  const { token } = broker.ring;
  const text = signJwsText(
    { typ: "at+jwt", alg: token.alg, kid: token.kid },
    canonicalJson(printTokenClaims(claims)),
    token.sign,
  );
  if (text.length > MAX_TOKEN_BYTES) return err(refuse("details_too_large", `${text.length} bytes`));
  return ok({
    access_token: text,
    issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
    token_type: "DPoP",
    expires_in: claims.exp - iat,
    authorization_details: details.value,
    task: row.task,
    grant: row.grant,
    lease_until: Math.floor(issued.leaseUntilMs / 1000),
    task_ends: Math.floor(issued.taskEndsMs / 1000),
  });
}

/** The members of a form or stored request that must be plain text. */
export const textMember = (json: Json, name: string): string | undefined => {
  const value = isJsonObject(json) ? json[name] : undefined;
  return typeof value === "string" ? value : undefined;
};
