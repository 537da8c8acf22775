import { randomBytes } from "node:crypto";
import {
  canonicalJson,
  err,
  isJsonObject,
  type Json,
  makeHandle,
  ok,
  parseAsked,
  readJson,
  type Refusal,
  refuse,
  type Result,
} from "@remit/core";
import { type Broker, reach } from "./broker.ts";
import { choosePolicy } from "./policy/choose.ts";
import type { SessionRow } from "./store/store.ts";
import { handleHash } from "./token.ts";

/** What a person asks for when beginning a task for an agent's key. */
export interface StartAsked {
  readonly policy: string | undefined;
  readonly client: string | undefined;
  readonly resource: string;
  readonly details: Json;
  readonly purpose: string | undefined;
  readonly duration: number | undefined;
  readonly jkt: string;
}

const MEMBERS = ["policy", "client", "resource", "authorization_details", "purpose", "duration", "jkt"];

/** Reads the body of `POST /tasks`; unknown members are refused. */
export function readStartAsked(json: Json): Result<StartAsked, Refusal> {
  const bad = (what: string): Result<never, Refusal> => err(refuse("malformed_request", what));
  if (!isJsonObject(json)) return bad("the body is an object");
  const odd = Object.keys(json).find((name) => !MEMBERS.includes(name));
  if (odd !== undefined) return bad(`\`${odd}\` is not known here`);
  const { policy, client, resource, authorization_details: details, purpose, duration, jkt } = json;
  if (typeof resource !== "string" || details === undefined)
    return bad("resource and authorization_details are needed");
  if (typeof jkt !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(jkt))
    return bad("jkt is the thumbprint of the task's key");
  if (policy !== undefined && typeof policy !== "string") return bad("policy is a name");
  if (client !== undefined && typeof client !== "string") return bad("client is a name");
  if (purpose !== undefined && (typeof purpose !== "string" || purpose.length > 200))
    return bad("purpose is a text of at most 200 characters");
  if (duration !== undefined && (typeof duration !== "number" || !Number.isSafeInteger(duration) || duration < 1))
    return bad("duration is whole seconds");
  return ok({ policy, client, resource, details, purpose, duration, jkt });
}

/** Makes a start handle for what a person may begin; everything is judged again when it is redeemed. */
export async function offerStart(
  broker: Broker,
  session: SessionRow,
  sessionHash: string,
  asked: StartAsked,
): Promise<Result<{ readonly start: string; readonly expires_in: number }, Refusal>> {
  const reachable = reach(broker, asked.resource);
  if (reachable === undefined) return err(refuse("resource_unknown", "resource"));
  if (reachable === "unavailable") return err(refuse("resource_unavailable", "resource"));
  const entries = parseAsked(asked.details, reachable.lookup);
  if (!entries.ok) return entries;
  const claims = readJson(session.claims);
  const named = asked.policy === undefined ? undefined : broker.config.policies.get(asked.policy);
  const clients =
    asked.client === undefined ? (named === undefined ? startable(broker) : [named.client]) : [asked.client];
  const question = {
    issuer: session.issuerName,
    claims: claims.ok ? claims.value : {},
    policy: asked.policy,
    resource: reachable.resource,
    location: reachable.url,
    asked: entries.value,
  };
  const fits = clients.map((client) => ({
    client,
    policy: choosePolicy(broker.config, { ...question, client }),
  }));
  const [fit, ...more] = fits.filter(({ policy }) => policy.ok);
  if (fit === undefined)
    return fits.length === 1 && fits[0]?.policy.ok === false
      ? err(fits[0].policy.error)
      : err(refuse("policy_none", "no policy fits"));
  if (more.length > 0) return err(refuse("policy_ambiguous", "policies for several clients fit; name the policy"));
  if (broker.config.clients.get(fit.client)?.key !== "from-subject")
    return err(refuse("client_not_allowed", "this client has a key of its own and begins its tasks itself"));
  const start = makeHandle("rmt_start_", randomBytes(32));
  const request = {
    client: fit.client,
    resource: reachable.url,
    details: canonicalJson(asked.details),
    ...(asked.policy === undefined ? {} : { policy: asked.policy }),
    ...(asked.purpose === undefined ? {} : { purpose: asked.purpose }),
    ...(asked.duration === undefined ? {} : { duration: String(asked.duration) }),
  };
  const ttlMs = broker.config.settings.startMs;
  const offered = await broker.store.offerStart({
    hash: handleHash(start),
    session: sessionHash,
    subject: session.subject,
    jkt: asked.jkt,
    request: canonicalJson(request),
    ttlMs,
  });
  return offered.ok ? ok({ start, expires_in: Math.floor(ttlMs / 1000) }) : offered;
}

/** Clients whose tasks people start; the others begin their own. */
const startable = (broker: Broker): readonly string[] =>
  [...broker.config.clients.values()].filter(({ key }) => key === "from-subject").map(({ client }) => client);
