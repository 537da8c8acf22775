import {
  algorithmOf,
  createGenerations,
  err,
  type JwsHeader,
  ok,
  readJws,
  type Refusal,
  refuse,
  type Result,
  type SeenSet,
  verifyJws,
  type VerifySignature,
} from "@remit/core";
import type { ClientConfig, Config } from "../config/model.ts";
import { verifierOf } from "../keys/verify.ts";

export const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A client that proved its key in this request. */
export interface AuthenticatedClient {
  readonly client: ClientConfig;
  /** What of the assertion may be used once, also across restarts. */
  readonly once: { readonly key: string; readonly expiresMs: number; readonly times: number };
}

/** Authenticates clients by `private_key_jwt` (RFC 7523, OIDC Core 9) with the issuer as the only audience. */
export interface ClientAuthenticator {
  authenticate(form: ReadonlyMap<string, string>): Result<AuthenticatedClient, Refusal>;
}

const MAX_ASSERTION = 4_096;
const MAX_LIFE_SECONDS = 300;
const AHEAD_SECONDS = 10;
const MAX_HEADERS = 4_096;

export function createClientAuthenticator(given: {
  readonly config: Config;
  readonly issuer: string;
  readonly seen: SeenSet;
  readonly now: () => number;
}): ClientAuthenticator {
  const headers = createGenerations<JwsHeader>(MAX_HEADERS);
  const keys = new Map<string, VerifySignature>();
  const bad = (detail: string): Result<never, Refusal> => err(refuse("client_assertion_invalid", detail));
  return {
    authenticate(form) {
      if (form.get("client_assertion_type") !== JWT_BEARER) return bad("no assertion, or of another type");
      const jws = readJws(form.get("client_assertion") ?? "", { maxBytes: MAX_ASSERTION, headers });
      if (!jws.ok) return bad(`assertion ${jws.error}`);
      const { iss, sub, aud, exp, iat, nbf, jti } = jws.value.payload;
      const client = typeof iss === "string" ? given.config.clients.get(iss) : undefined;
      if (client === undefined || client.key === "from-subject")
        return err(refuse("client_unknown", "no client with a key of its own has this name"));
      if (sub !== iss || (form.has("client_id") && form.get("client_id") !== iss))
        return bad("issuer, subject and client differ");
      if (aud !== given.issuer) return bad("the audience is not the issuer, and nothing else");
      const now = given.now() / 1000;
      if (typeof exp !== "number" || exp <= now || exp > now + MAX_LIFE_SECONDS + AHEAD_SECONDS)
        return bad("expired, or lives too long");
      if ([iat, nbf].some((time) => time !== undefined && (typeof time !== "number" || time > now + AHEAD_SECONDS)))
        return bad("not valid yet");
      if (typeof jti !== "string" || jti === "" || jti.length > 128) return bad("no `jti`");
      const alg = algorithmOf(client.key);
      const verify = keys.get(client.client) ?? verifierOf(client.key);
      keys.set(client.client, verify);
      const checked = verifyJws(jws.value, {
        typ: ["JWT", "client-authentication+jwt", undefined],
        alg: [alg],
        verify,
      });
      if (!checked.ok) return bad(`assertion ${checked.error}`);
      const once = `assertion:${client.client}:${jti}`;
      const noted = given.seen.add(once, Math.floor(now));
      if (noted === "full") return err(refuse("overloaded", "the memory of assertions is full"));
      if (noted === "seen") return bad("assertion used before");
      return ok({ client, once: { key: once, expiresMs: Math.ceil(exp * 1000), times: 1 } });
    },
  };
}
