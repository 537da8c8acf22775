import { hash } from "node:crypto";
import {
  err,
  isJsonObject,
  type Json,
  type JsonObject,
  ok,
  readJws,
  type Refusal,
  refuse,
  type Result,
  type UnverifiedJws,
  verifyJws,
} from "@remit/core";
import type { Config, TrustedIssuer } from "../config/model.ts";
import { verifierOfKey } from "../keys/verify.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
export const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** An identity that a trusted issuer signed for, within this request. */
export interface Subject {
  readonly issuer: TrustedIssuer;
  readonly subject: string;
  readonly claims: JsonObject;
  /** Names this token among all; what is used once is used under it. */
  readonly once: string;
  readonly expiresMs: number;
}

/** What the token is used for: by which client for a task, or to open a session. */
export type Use = { readonly client: string } | { readonly session: string };

export interface SubjectOptions {
  readonly config: Config;
  readonly keys: IssuerKeys;
  readonly ownIssuer: string;
  readonly now: () => number;
}

const MAX_TOKEN = 16_384;
const ID_TYPES = ["JWT", undefined];
const ACCESS_TYPES = ["at+jwt", "application/at+jwt"];

/** Verifies a subject token by the rules of its declared type: issuer, signature, type, audience, binding to the client, age. */
export async function verifySubject(
  token: string,
  type: string,
  use: Use,
  options: SubjectOptions,
): Promise<Result<Subject, Refusal>> {
  const bad = (detail: string): Result<never, Refusal> => err(refuse("subject_token_invalid", detail));
  if (type !== ID_TOKEN && type !== ACCESS_TOKEN) return err(refuse("subject_token_type_unsupported", `\`${type}\``));
  const jws = readJws(token, { maxBytes: MAX_TOKEN, extraHeaders: ["x5t", "x5t#S256"] });
  if (!jws.ok) return bad(`token ${jws.error}`);
  if (jws.value.payload["iss"] === options.ownIssuer)
    return err(refuse("feature_unavailable", "a token of this broker as subject token"));
  const issuer = [...options.config.issuers.values()].find((one) => one.issuer === jws.value.payload["iss"]);
  if (issuer === undefined) return bad("issuer not trusted");
  const types = type === ID_TOKEN ? ID_TYPES : ACCESS_TYPES;
  if (!types.includes(jws.value.header.typ)) return bad("the token's type is not the declared one");
  const verified = await verifySignature(jws.value, issuer, types, options.keys);
  if (!verified.ok) return verified;
  const claims = verified.value.payload;
  const misuse = type === ID_TOKEN ? idTokenMisuse(claims, issuer, use) : accessTokenMisuse(claims, issuer, use);
  if (misuse !== undefined) return bad(misuse);
  const stale = timeFault(claims, issuer, options.now() / 1000);
  if (stale !== undefined) return bad(stale);
  const { sub, exp } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > 255 || typeof exp !== "number") return bad("no subject");
  return ok({
    issuer,
    subject: sub,
    claims,
    // by what was signed: of an ES256 signature anybody can make another one that is as good
    once: `subject:${hash("sha256", verified.value.signingInput, "base64url")}`,
    // a fraction is allowed (RFC 7519 2), but instants here are whole
    expiresMs: Math.ceil(exp * 1000),
  });
}

async function verifySignature(
  jws: UnverifiedJws,
  issuer: TrustedIssuer,
  typ: readonly (string | undefined)[],
  keys: IssuerKeys,
): Promise<Result<UnverifiedJws, Refusal>> {
  if (!issuer.algorithms.includes(jws.header.alg))
    return err(refuse("subject_token_invalid", "algorithm not accepted from this issuer"));
  try {
    const key = await keys.find(issuer, jws.header.kid, jws.header.alg);
    if (key === undefined) return err(refuse("subject_token_invalid", "signing key unknown"));
    const checked = verifyJws(jws, {
      typ,
      alg: issuer.algorithms,
      verify: verifierOfKey(key, jws.header.alg),
    });
    return checked.ok ? checked : err(refuse("subject_token_invalid", `token ${checked.error}`));
  } catch (error) {
    return err(
      refuse(
        "subject_token_invalid",
        `the issuer's keys are not to be had: ${error instanceof Error ? error.message : "unknown"}`,
      ),
    );
  }
}

function idTokenMisuse(claims: JsonObject, issuer: TrustedIssuer, use: Use): string | undefined {
  const { aud, azp } = claims;
  if (typeof aud !== "string") return "not exactly one audience";
  if (azp !== undefined && azp !== aud) return "authorized party is not the audience";
  if ("session" in use)
    return use.session === aud && issuer.sessions.includes(aud) ? undefined : "audience opens no session here";
  return issuer.idTokens.get(aud) === use.client ? undefined : "audience is not this client's";
}

function accessTokenMisuse(claims: JsonObject, issuer: TrustedIssuer, use: Use): string | undefined {
  const { aud, client_id } = claims;
  if ("session" in use || issuer.accessTokens === undefined) return "access tokens are not accepted here";
  if (aud !== issuer.accessTokens.audience) return "audience is not this broker";
  return typeof client_id === "string" && issuer.accessTokens.clients.get(client_id) === use.client
    ? undefined
    : "client is not this client's";
}

const AHEAD_SECONDS = 10;

/** Foreign times: `exp` without leeway, `nbf` and `iat` ten seconds ahead, age by the issuer's profile. */
function timeFault(claims: JsonObject, issuer: TrustedIssuer, now: number): string | undefined {
  const { exp, iat, nbf } = claims;
  if (typeof exp !== "number" || typeof iat !== "number") return "no `exp` or `iat`";
  if (exp <= now) return "expired";
  if (
    iat > now + AHEAD_SECONDS ||
    (typeof nbf === "number" && nbf > now + AHEAD_SECONDS) ||
    (nbf !== undefined && typeof nbf !== "number")
  )
    return "not valid yet";
  return iat < now - issuer.maxAgeSeconds ? "too old" : undefined;
}

/** Claims that policies and roles may read: texts and lists of texts only. */
export function readableClaims(claims: JsonObject): JsonObject {
  const readable = (value: Json): boolean =>
    typeof value === "string" || (Array.isArray(value) && value.every((item: unknown) => typeof item === "string"));
  const withheld = ["iss", "aud", "nonce", "at_hash", "sid", "jti"];
  return Object.fromEntries(
    Object.entries(claims).filter(([name, value]) => !withheld.includes(name) && readable(value)),
  );
}

/** Whether claims match every rule: the value itself, or one item of a list. */
export function claimsMatch(
  claims: Json,
  rules: Readonly<Record<string, { readonly is: string } | { readonly like: string }>>,
): boolean {
  if (!isJsonObject(claims)) return false;
  return Object.entries(rules).every(([name, rule]) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((one) => typeof one === "string" && ("is" in rule ? one === rule.is : like(one, rule.like)));
  });
}

/** `*` stands for any text; everything else for itself; the whole value must match. */
function like(value: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return value === pattern;
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = value.indexOf(part, at);
    if (found === -1 || found + part.length > value.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
