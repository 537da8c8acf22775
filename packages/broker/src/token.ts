import { hash, randomBytes } from "node:crypto";
import {
  canonicalJson,
  err,
  isHandle,
  isId,
  type Json,
  makeHandle,
  ok,
  readJson,
  type Refusal,
  refuse,
  type Result,
  type TokenClaims,
} from "@remit/core";
import { begin, retryOf } from "./begin.ts";
import type { Broker } from "./broker.ts";
import { readOwnToken } from "./introspect.ts";
import { askAgain, askOlder } from "./policy/guardrails/ask.ts";
import { ID_TOKEN, readableClaims, verifySubject } from "./identity/subject.ts";
import { projectToken, textMember, type TokenAnswer } from "./project-token.ts";
import type { Refusee } from "./refusal-notes.ts";
import type { SessionRow } from "./store/store.ts";
import { readUse, SESSION_TYPE } from "./token-use.ts";

/** A token request whose proof holds: `jkt` is the key of whoever sent it. */
export interface TokenRequest {
  readonly form: ReadonlyMap<string, string>;
  readonly jkt: string;
  readonly decision: string;
}

/** A refusal with whom it is about, where somebody was authenticated by then. */
export interface Refused {
  readonly refusal: Refusal;
  readonly whom: Refusee | undefined;
}

export type TokenResult = Result<TokenAnswer | SessionAnswer, Refused>;

export interface SessionAnswer {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: "DPoP";
  readonly expires_in: number;
}

const no = (refusal: Refusal, whom?: Refusee | string): { readonly ok: false; readonly error: Refused } =>
  err({ refusal, whom: typeof whom === "string" ? { who: whom } : whom });

/** The token endpoint, after its proof was judged. */
export async function token(broker: Broker, request: TokenRequest): Promise<TokenResult> {
  const use = readUse(request.form);
  if (!use.ok) return no(use.error);
  switch (use.value) {
    case "exchange":
      return exchange(broker, request);
    case "session":
      return session(broker, request);
    case "renew":
      return renew(broker, request);
    case "start":
      return start(broker, request);
  }
}

/** Token exchange (RFC 8693 2.1): a foreign subject token begins a task and its root grant. */
async function exchange(broker: Broker, { form, jkt, decision }: TokenRequest): Promise<TokenResult> {
  const authenticated = broker.clients.authenticate(form);
  if (!authenticated.ok) return no(authenticated.error);
  const { client, once } = authenticated.value;
  const [subjectToken, type, resource, details] = [
    "subject_token",
    "subject_token_type",
    "resource",
    "authorization_details",
  ].map((name) => form.get(name));
  if (subjectToken === undefined || type === undefined || resource === undefined || details === undefined) {
    return no(
      refuse("malformed_request", "subject_token, subject_token_type, resource and authorization_details are needed"),
      client.client,
    );
  }
  const duration = readSeconds(form.get("duration"));
  if (!duration.ok) return no(duration.error, client.client);
  const own = readOwnToken(broker, subjectToken);
  if (own !== undefined) return no(await refuseOwn(broker, own, jkt, decision), client.client);
  const { config, keys, issuer: ownIssuer, now } = broker;
  const subject = await verifySubject(subjectToken, type, { client: client.client }, { config, keys, ownIssuer, now });
  if (!subject.ok) return no(subject.error, client.client);
  const begun = await begin(broker, {
    client: client.client,
    issuerName: subject.value.issuer.name,
    subject: { issuer: subject.value.issuer.issuer, subject: subject.value.subject },
    claims: readableClaims(subject.value.claims),
    jkt,
    resource,
    details,
    policy: form.get("policy"),
    purpose: form.get("purpose"),
    durationSeconds: duration.value,
    once: [
      once,
      {
        key: subject.value.once,
        expiresMs: subject.value.expiresMs,
        times: subject.value.issuer.tasksPerToken,
      },
    ],
    retry: retryOf(client.client, jkt, subject.value, form),
    start: undefined,
    decision,
  });
  return answer(broker, begun, client.client);
}

/** A token of this broker: in the hands of another key it is an attack, and is recorded as one. */
async function refuseOwn(broker: Broker, token: TokenClaims, jkt: string, decision: string): Promise<Refusal> {
  if (token.cnf.jkt === jkt) return refuse("feature_unavailable", "delegation by exchange");
  const ids = [token.task, ...token.grants, token.jti, token.client_id];
  await broker.store.record({
    kind: "alarm",
    decision,
    ids,
    body: { code: "parent_key_mismatch", jkt },
  });
  return refuse("parent_key_mismatch", "the token is bound to another key");
}

function answer(
  broker: Broker,
  issued: Awaited<ReturnType<typeof begin>>,
  whom: Refusee | string | undefined,
): TokenResult {
  const projected = issued.ok ? projectToken(broker, issued.value) : issued;
  return projected.ok ? projected : no(projected.error, whom);
}

function readSeconds(text: string | undefined): Result<number | undefined, Refusal> {
  if (text === undefined) return ok(undefined);
  return /^[1-9][0-9]{0,6}$/.test(text)
    ? ok(Number(text))
    : err(refuse("malformed_request", "duration is whole seconds"));
}

/** Renews a lease by the holder's key alone, and projects the grant anew. */
async function renew(broker: Broker, { form, jkt, decision }: TokenRequest): Promise<TokenResult> {
  const grant = form.get("grant");
  if (!isId("grn", grant)) return no(refuse("malformed_request", "grant"));
  const asked = { grant, jkt, decision, alsoLive: [] };
  const older = askOlder(broker, grant, jkt);
  if (!older.ok) return no(older.error, { who: grant });
  const first = await broker.store.renew({ ...asked, wake: false });
  if (first.ok) return answer(broker, first, undefined);
  const row = broker.store.read.grant(grant);
  // only the holder of the grant's key is known here; a stranger who guesses ids writes no records
  if (row?.jkt !== jkt) return no(first.error);
  const holder = { who: grant, about: [row.task, row.agent, row.policy] };
  if (first.error.code !== "lease_lapsed") return no(first.error, holder);
  // a lapsed lease wakes only if the policy of its grant is still the one that was applied
  const policy = broker.store.read.name("pol", row.policyName);
  if (policy !== row.policy) return no(refuse("task_ended", "the policy of the grant is gone"), holder);
  const allowed = askAgain(broker, row);
  if (!allowed.ok) return no(allowed.error, holder);
  return answer(broker, await broker.store.renew({ ...asked, wake: true }), holder);
}

/** Opens a login session from an ID token: the rights of a person at the command line, bound to the key of the proof. */
async function session(broker: Broker, { form, jkt }: TokenRequest): Promise<TokenResult> {
  const [subjectToken, type, clientId] = ["subject_token", "subject_token_type", "client_id"].map((name) =>
    form.get(name),
  );
  if (subjectToken === undefined || type !== ID_TOKEN || clientId === undefined) {
    return no(refuse("malformed_request", "a session takes an ID token as subject_token, and client_id"));
  }
  const { config, keys, issuer: ownIssuer, now } = broker;
  const subject = await verifySubject(subjectToken, type, { session: clientId }, { config, keys, ownIssuer, now });
  if (!subject.ok) return no(subject.error);
  const principal = await broker.store.principal({
    kind: "usr",
    issuer: subject.value.issuer.issuer,
    subject: subject.value.subject,
  });
  const handle = makeHandle("rmt_ses_", randomBytes(32));
  const opened = await broker.store.openSession({
    hash: handleHash(handle),
    subject: principal,
    jkt,
    claims: canonicalJson(readableClaims(subject.value.claims)),
    issuerName: subject.value.issuer.name,
    ttlMs: config.settings.sessionMs,
    once: { key: subject.value.once, expiresMs: subject.value.expiresMs },
  });
  if (!opened.ok) return no(opened.error);
  return ok({
    access_token: handle,
    issued_token_type: SESSION_TYPE,
    token_type: "DPoP",
    expires_in: Math.floor((opened.value.expiresMs - broker.now()) / 1000),
  });
}

export const handleHash = (handle: string): string => hash("sha256", handle, "base64url");

/** Whether a session still counts: neither over, nor revoked in its subject or key since it was opened. */
export const sessionLives = (broker: Pick<Broker, "store" | "now">, session: SessionRow): boolean =>
  session.expiresMs > broker.now() &&
  broker.store.read.dead([session.subject, `key:${session.jkt}`], Math.floor(session.createdMs / 1000)).length === 0;

/** Redeems a start handle: a person began this task for the key that proves itself here. */
async function start(broker: Broker, { form, jkt, decision }: TokenRequest): Promise<TokenResult> {
  const handle = form.get("start");
  const held = isHandle("rmt_start_", handle) ? broker.store.read.start(handleHash(handle)) : undefined;
  if (handle === undefined || held === undefined || held.jkt !== jkt || held.expiresMs <= broker.now())
    return no(refuse("handle_invalid", "unknown, expired, used, or for another key"));
  const json = readJson(held.request);
  const owner = broker.store.read.session(held.session);
  if (!json.ok || owner === undefined || !sessionLives(broker, owner))
    return no(refuse("handle_invalid", "the session that made it is over"));
  const begun = await begin(broker, {
    ...startRequest(json.value, owner),
    jkt,
    once: [],
    retry: undefined,
    start: handleHash(handle),
    decision,
  });
  return answer(broker, begun, held.subject);
}

function startRequest(
  stored: Json,
  owner: SessionRow,
): Omit<Parameters<typeof begin>[1], "jkt" | "once" | "retry" | "start" | "decision"> {
  const claims = readJson(owner.claims);
  const duration = textMember(stored, "duration");
  return {
    client: textMember(stored, "client") ?? "",
    issuerName: owner.issuerName,
    subject: { issuer: owner.identity.issuer, subject: owner.identity.subject },
    claims: claims.ok ? claims.value : {},
    resource: textMember(stored, "resource") ?? "",
    details: textMember(stored, "details") ?? "",
    policy: textMember(stored, "policy"),
    purpose: textMember(stored, "purpose"),
    durationSeconds: duration === undefined ? undefined : Number(duration),
  };
}
