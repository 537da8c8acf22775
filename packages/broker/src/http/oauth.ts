import type { IncomingMessage, ServerResponse } from "node:http";
import { err, isHandle, isJsonObject, type JsonObject, ok, type Refusal, refuse, type Result } from "@remit/core";
import type { Broker } from "../broker.ts";
import { end } from "../end.ts";
import { enrol } from "../enrol.ts";
import { introspect, readOwnToken } from "../introspect.ts";
import { offerStart, readStartAsked } from "../offer-start.ts";
import type { Refusee } from "../refusal-notes.ts";
import type { SessionRow } from "../store/store.ts";
import { handleHash, sessionLives, token } from "../token.ts";
import { send, sendRefusal } from "./answer.ts";
import { metadata } from "./metadata.ts";
import { readForm, readJsonBody, type ReadRequest, readRequest } from "./read-request.ts";

/** One request to an OAuth endpoint, read. */
export interface Exchange {
  readonly broker: Broker;
  readonly read: ReadRequest;
  readonly path: string;
  readonly decision: string;
  readonly response: ServerResponse;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

/** Serves the issuer's endpoints; false if the path is none of them. */
export async function serveOauth(broker: Broker, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const path = (request.url ?? "").split("?")[0] ?? "";
  const own = broker.path;
  const discovery = path === `/.well-known/oauth-authorization-server${own}`;
  if (!discovery && !path.startsWith(`${own}/`)) return false;
  const name = discovery ? "/.well-known/oauth-authorization-server" : path.slice(own.length);
  const task = /^\/tasks\/(tsk_[0-9A-Z]{26})\/end$/.exec(name);
  const handler =
    task === null
      ? ROUTES[`${request.method ?? ""} ${name}`]
      : request.method === "POST"
        ? endTask(task[1] ?? "")
        : undefined;
  const decision = broker.newDecision();
  if (handler === undefined) {
    send(
      response,
      name in METHODS_OF ? 405 : 404,
      { error: "not_found" },
      name in METHODS_OF ? { allow: METHODS_OF[name] ?? "" } : {},
    );
    return true;
  }
  const read = refuseQuery(await readRequest(request));
  if (read.ok) await handler({ broker, read: read.value, path, decision, response });
  else sendRefusal(response, read.error, decision, docs(broker), nonce(broker));
  return true;
}

/** What is posted is in the body: a parameter in the URL too would be a second reading, and no proof covers it. */
const refuseQuery = (read: Result<ReadRequest, Refusal>): Result<ReadRequest, Refusal> =>
  read.ok && read.value.head.method === "POST" && read.value.head.query.length > 0
    ? err(refuse("malformed_request", "a query"))
    : read;

const docs = (broker: Broker): string => `${broker.base}/docs/refusals`;
const nonce = (broker: Broker): Readonly<Record<string, string>> => ({
  "dpop-nonce": broker.nonces.current(),
});

function refuseWith({ broker, decision, response }: Exchange, refusal: Refusal, whom?: Refusee | string): void {
  if (whom !== undefined) broker.notes.note(typeof whom === "string" ? { who: whom } : whom, refusal, decision);
  sendRefusal(response, refusal, decision, docs(broker), nonce(broker));
}

/** Judges the proof of a request; its URL is ours, whatever its Host says. */
function prove({ broker, read, path }: Exchange, token?: string): Result<{ readonly jkt: string }, Refusal> {
  const url = broker.origin + path;
  const dpop = read.head.headers.get("dpop");
  return broker.prover.prove({
    method: read.head.method,
    url,
    dpop,
    ...(token === undefined ? {} : { token }),
  });
}

/** The session that a request carries, with a proof by the session's key. */
export function sessionOf(
  exchange: Omit<Exchange, "response" | "decision">,
): Result<{ readonly row: SessionRow; readonly hash: string }, Refusal> {
  const { broker, read } = exchange;
  const authorization = read.head.headers.get("authorization") ?? "";
  const handle = authorization.startsWith("DPoP ") ? authorization.slice(5) : "";
  if (!isHandle("rmt_ses_", handle)) return err(refuse("session_required", "no session handle"));
  const url = broker.origin + exchange.path;
  const proof = broker.prover.prove({
    method: read.head.method,
    url,
    dpop: read.head.headers.get("dpop"),
    token: handle,
  });
  if (!proof.ok) return proof;
  const row = broker.store.read.session(handleHash(handle));
  const live = row !== undefined && row.jkt === proof.value.jkt && sessionLives(broker, row);
  return live
    ? { ok: true, value: { row, hash: handleHash(handle) } }
    : err(refuse("session_required", "the session is over, or of another key"));
}

async function tokenEndpoint(exchange: Exchange): Promise<void> {
  const { broker, read, decision, response } = exchange;
  const form = readForm(read);
  if (!form.ok) return refuseWith(exchange, form.error);
  const proof = prove(exchange);
  if (!proof.ok) return refuseWith(exchange, proof.error);
  const answered = await token(broker, { form: form.value, jkt: proof.value.jkt, decision });
  if (!answered.ok) return refuseWith(exchange, answered.error.refusal, answered.error.whom);
  return send(response, 200, answered.value, nonce(broker));
}

/** The client of a request that has no other effect than what it answers or ends; a suspended one is not served. */
function clientOf({ broker }: Exchange, form: ReadonlyMap<string, string>): Result<string, Refusal> {
  const authenticated = broker.clients.authenticate(form);
  if (!authenticated.ok) return authenticated;
  const name = authenticated.value.client.client;
  const { read } = broker.store;
  const ids = [read.name("cli", name), read.name("agt", name)].filter((id) => id !== undefined);
  return ids.some((id) => read.suspendedIds().has(id)) ? err(refuse("client_suspended", `\`${name}\``)) : ok(name);
}

function introspectEndpoint(exchange: Exchange): void {
  const { broker, read, response } = exchange;
  const form = readForm(read);
  if (!form.ok) return refuseWith(exchange, form.error);
  const client = clientOf(exchange, form.value);
  if (!client.ok) return refuseWith(exchange, client.error);
  const asked = form.value.get("token");
  if (asked === undefined) return refuseWith(exchange, refuse("malformed_request", "token"), client.value);
  return send(response, 200, introspect(broker, asked, { client: client.value }));
}

/** Revocation (RFC 7009): an access token's revocation ends its grant. Unknown tokens are fine; tokens of others are not. */
async function revokeEndpoint(exchange: Exchange): Promise<void> {
  const { broker, read, decision, response } = exchange;
  const form = readForm(read);
  if (!form.ok) return refuseWith(exchange, form.error);
  const asked = form.value.get("token");
  const byKey = read.head.headers.has("dpop") && !form.value.has("client_assertion");
  const proof = byKey ? prove(exchange) : undefined;
  if (proof?.ok === false) return refuseWith(exchange, proof.error);
  const client = byKey ? undefined : clientOf(exchange, form.value);
  if (client?.ok === false) return refuseWith(exchange, client.error);
  if (asked === undefined) return refuseWith(exchange, refuse("malformed_request", "token"));
  const claims = readOwnToken(broker, asked);
  if (claims === undefined) return send(response, 200, {});
  const mine =
    proof?.ok === true ? claims.cnf.jkt === proof.value.jkt : client?.ok === true && claims.client_id === client.value;
  // strangers have as many keys as they like, so the holder of a stolen token is counted under the token's task
  if (!mine)
    return refuseWith(
      exchange,
      refuse("client_not_allowed", "the token is another's"),
      client?.ok === true ? { who: client.value, about: [claims.task] } : claims.task,
    );
  const ended = await end(broker, {
    id: claims.grants[0] ?? "",
    how: "revoke",
    by: claims.client_id,
    reason: undefined,
    suspend: false,
    decision,
  });
  return ended.ok ? send(response, 200, {}) : refuseWith(exchange, ended.error);
}

async function tasksEndpoint(exchange: Exchange): Promise<void> {
  const { broker, read, response } = exchange;
  const session = sessionOf(exchange);
  if (!session.ok) return refuseWith(exchange, session.error);
  const who = session.value.row.subject;
  const json = readJsonBody(read);
  const asked = json.ok ? readStartAsked(json.value) : json;
  if (!asked.ok) return refuseWith(exchange, asked.error, who);
  const offered = await offerStart(broker, session.value.row, session.value.hash, asked.value);
  if (!offered.ok) return refuseWith(exchange, offered.error, who);
  return send(response, 201, offered.value, nonce(broker));
}

/** Ends a task by the key of one of its root grants (`complete`, `cancel`). */
const endTask =
  (task: string): Handler =>
  async (exchange) => {
    const { broker, read, decision, response } = exchange;
    const form = readForm(read);
    if (!form.ok) return refuseWith(exchange, form.error);
    const proof = prove(exchange);
    if (!proof.ok) return refuseWith(exchange, proof.error);
    const how = form.value.get("how");
    const grant = broker.store.read.grant(form.value.get("grant") ?? "");
    if (how !== "complete" && how !== "cancel")
      return refuseWith(exchange, refuse("malformed_request", "how is complete or cancel"));
    if (grant === undefined || grant.task !== task || grant.jkt !== proof.value.jkt || grant.parent !== undefined) {
      return refuseWith(exchange, refuse("grant_unknown", "no root grant of this task is held by this key"));
    }
    const ended = await end(broker, {
      id: task,
      how,
      by: grant.agent,
      reason: undefined,
      suspend: false,
      decision,
    });
    if (!ended.ok) return refuseWith(exchange, ended.error, grant.client);
    const { id, ...answer } = ended.value;
    return send(response, 200, { task: id, ...answer }, nonce(broker));
  };

async function enrolEndpoint(exchange: Exchange): Promise<void> {
  const json = readJsonBody(exchange.read);
  if (!json.ok || !isJsonObject(json.value))
    return refuseWith(exchange, json.ok ? refuse("malformed_request", "the body is an object") : json.error);
  const enrolled = await enrol(exchange.broker, json.value);
  return enrolled.ok ? send(exchange.response, 200, enrolled.value) : refuseWith(exchange, enrolled.error);
}

/** The token keys, and only those (RFC 7517 5). */
export function jwks(broker: Pick<Broker, "ring">): JsonObject {
  const { kid, alg, jwk } = broker.ring.token;
  return { keys: [{ ...jwk, kid, alg, use: "sig" }] };
}

const loginConfig = (broker: Broker): JsonObject => ({
  issuers: [...broker.config.issuers.values()].flatMap(({ name, issuer, sessions }) =>
    sessions.map((client_id) => ({ name, issuer, client_id })),
  ),
});

const say =
  (body: (broker: Broker) => JsonObject): Handler =>
  ({ broker, response }) =>
    send(response, 200, body(broker));

const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /.well-known/oauth-authorization-server": say(metadata),
  "GET /jwks": say(jwks),
  "GET /trust": say((broker) => ({ succession: broker.succession })),
  "GET /login-config": say(loginConfig),
  "POST /token": tokenEndpoint,
  "POST /introspect": introspectEndpoint,
  "POST /revoke": revokeEndpoint,
  "POST /tasks": tasksEndpoint,
  "POST /enrol": enrolEndpoint,
};

const METHODS_OF: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(ROUTES).map((route) => [route.split(" ")[1] ?? "", route.split(" ")[0] ?? ""]),
);
