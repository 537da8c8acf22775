import type { KeyObject } from "node:crypto";
import {
  type Authority,
  type ConnectorLookup,
  type Generations,
  type JwsHeader,
  err,
  MAX_TOKEN_BYTES,
  ok,
  parseAuthority,
  readJws,
  readTokenClaims,
  type Refusal,
  refuse,
  type Result,
  type TokenClaims,
  verifyJws,
} from "@remit/core";
import { verifierOf } from "../crypto.ts";

/** What a token says, once its signature was checked. Nothing in it is a verdict about the present. */
export interface VerifiedToken {
  readonly claims: TokenClaims;
  readonly authority: Authority;
  /** Everything that ends this token when it is revoked: its ids, its signing key and its holder's key. */
  readonly live: readonly string[];
  readonly kid: string;
  /** The signing key that was believed; a token is forgotten with it. */
  readonly signedBy: KeyObject;
  /** Base64url SHA-256 of the token. */
  readonly ath: string;
}

/** What makes a token one of this resource's. */
export interface TokenExpectation {
  readonly issuer: string;
  readonly resource: string;
  readonly keyOf: (kid: string) => KeyObject | undefined;
  readonly lookup: ConnectorLookup;
  /** Headers of tokens as they were read before; one signing key has one. */
  readonly headers: Generations<JwsHeader>;
}

const SCHEME = /^dpop /i;

/** The token of an `Authorization` header; only the DPoP scheme carries one (RFC 9449 7.1). */
export function tokenIn(authorization: string | undefined): Result<string, Refusal> {
  if (authorization === undefined) return err(refuse("token_missing", "there is no Authorization header"));
  if (!SCHEME.test(authorization)) return err(refuse("token_invalid", "a bound token comes with the DPoP scheme"));
  return ok(authorization.slice(5));
}

/** Checks everything about a token that does not change with time (RFC 9068 4, RFC 8725 3). `ath` is its hash. */
export function verifyToken(token: string, ath: string, expected: TokenExpectation): Result<VerifiedToken, Refusal> {
  const invalid = (detail: string): Result<VerifiedToken, Refusal> => err(refuse("token_invalid", detail));
  const jws = readJws(token, { maxBytes: MAX_TOKEN_BYTES, headers: expected.headers });
  if (!jws.ok) return invalid(`token ${jws.error}`);
  const { kid } = jws.value.header;
  const key = kid === undefined ? undefined : expected.keyOf(kid);
  if (kid === undefined || key === undefined) return invalid("token key_unknown");
  const verify = verifierOf(key);
  const checked = verifyJws(jws.value, { typ: ["at+jwt"], alg: ["ES256"], verify });
  if (!checked.ok) return invalid(`token ${checked.error}`);
  const claims = readTokenClaims(checked.value.payload);
  if (!claims.ok) return invalid(`claim ${claims.error}`);
  if (claims.value.iss !== expected.issuer) return invalid("claim iss");
  if (claims.value.act.iss !== expected.issuer) return invalid("claim act");
  if (claims.value.aud !== expected.resource) return invalid("claim aud");
  const authority = parseAuthority(claims.value.authorization_details, expected.lookup);
  if (!authority.ok) return invalid(`claim authorization_details: ${authority.error.detail}`);
  if (authority.value.some((entry) => entry.location !== expected.resource))
    return invalid("claim authorization_details: another location");
  const { cnf, live } = claims.value;
  return ok({
    claims: claims.value,
    authority: authority.value,
    live: [...live, `kid:${kid}`, `key:${cnf.jkt}`],
    kid,
    signedBy: key,
    ath,
  });
}
