import { err, ok, type Refusal, refuse, type Result } from "@remit/core";

export const GRANT_TYPES = {
  exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
  renew: "urn:remit:params:oauth:grant-type:renew",
  start: "urn:remit:params:oauth:grant-type:start",
} as const;

export const SESSION_TYPE = "urn:remit:params:oauth:token-type:session";
const ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";

/** What a token request is for. */
export type TokenUse = "exchange" | "session" | "renew" | "start";

const SUBJECT = ["subject_token", "subject_token_type", "requested_token_type", "client_id"];
const AUTHENTICATION = ["client_assertion", "client_assertion_type"];
const AUTHORITY = ["resource", "authorization_details", "policy", "purpose", "duration"];

/** The parameters that count for each use; `grant_type` always does. */
const TAKEN: Readonly<Record<TokenUse, readonly string[]>> = {
  exchange: [...SUBJECT, ...AUTHENTICATION, ...AUTHORITY],
  session: SUBJECT,
  renew: ["grant", "client_id"],
  start: ["start", "client_id"],
};

/** Parameters that mean something somewhere; others are nobody's and are passed over (RFC 6749 3.2). */
const MEANT = [...new Set(Object.values(TAKEN).flat())];

/** Parameters of RFC 8693 that would ask for something else than is given, with the standard's word for each. */
const NOT_SERVED = {
  audience: "resource_unknown",
  scope: "scope_unknown",
  actor_token: "feature_unavailable",
  actor_token_type: "feature_unavailable",
} as const;

/** Finds what a token request is for. A parameter that would be passed over is refused: silence about it would be a lie. */
export function readUse(form: ReadonlyMap<string, string>): Result<TokenUse, Refusal> {
  for (const [name, code] of Object.entries(NOT_SERVED)) if (form.has(name)) return err(refuse(code, name));
  const use = useOf(form);
  if (!use.ok) return use;
  const idle = MEANT.find((name) => form.has(name) && !TAKEN[use.value].includes(name));
  return idle === undefined ? use : err(refuse("malformed_request", `\`${idle}\` means nothing here`));
}

function useOf(form: ReadonlyMap<string, string>): Result<TokenUse, Refusal> {
  const requested = form.get("requested_token_type");
  if (requested !== undefined && requested !== ACCESS_TOKEN_TYPE && requested !== SESSION_TYPE)
    return err(refuse("feature_unavailable", "requested_token_type"));
  switch (form.get("grant_type")) {
    case GRANT_TYPES.exchange:
      return ok(requested === SESSION_TYPE ? "session" : "exchange");
    case GRANT_TYPES.renew:
      return ok("renew");
    case GRANT_TYPES.start:
      return ok("start");
    case undefined:
      return err(refuse("malformed_request", "no grant_type"));
    default:
      return err(refuse("unsupported_grant_type", "grant_type"));
  }
}
