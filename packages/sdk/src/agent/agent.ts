import { isJsonObject, type Json, type JsonObject, Secret } from "@remit/core";
import { refusalFrom, RemitError } from "./errors.ts";
import { keepRenewed } from "./renewing.ts";
import { callResource, type ResourceState } from "./resource.ts";
import { type Broker, countIn, createBroker, goodObject, listIn, textIn } from "./token-endpoint.ts";
import type { Agent, AgentOptions, EndedTask, HeldToken } from "./words.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const RENEW = "urn:remit:params:oauth:grant-type:renew";
const START = "urn:remit:params:oauth:grant-type:start";
const SESSION = "urn:remit:params:oauth:token-type:session";
const FORM = "application/x-www-form-urlencoded";

/** Makes an agent with no task yet. */
export function createAgent(options: AgentOptions): Agent {
  const broker = createBroker(options);
  const now = options.now ?? Date.now;
  const calls: ResourceState = { nonce: undefined };
  let held: HeldToken | undefined;
  const hold = (answer: JsonObject): HeldToken => (held = readHeld(answer, now()));
  const task = (): HeldToken => {
    if (held !== undefined) return held;
    throw new RemitError("no_task", "no task was begun with this agent");
  };
  const agent: Agent = {
    held: () => held,
    async exchange(request) {
      const parameters = {
        grant_type: EXCHANGE,
        subject_token: revealed(request.subjectToken),
        subject_token_type: tokenType(request.subjectTokenType),
        ...taskParameters(request),
      };
      return hold(await broker.token(parameters, "client"));
    },
    async start(handle) {
      return hold(await broker.token({ grant_type: START, start: revealed(handle) }, "key"));
    },
    async renew() {
      return hold(await broker.token({ grant_type: RENEW, grant: task().grant }, "key"));
    },
    complete: () => endTask(broker, task(), "complete"),
    cancel: () => endTask(broker, task(), "cancel"),
    openSession: (idToken, clientId) => openSession(broker, revealed(idToken), clientId, now()),
    async beginTask(session, request) {
      const body = { ...taskBody(request), jkt: request.jkt };
      const answer = await goodObject(await broker.send(jsonRequest("/tasks", "POST", session, body)));
      const start = new Secret(textIn(answer, "start"));
      return { start, expiresAt: Math.floor(now() / 1000) + countIn(answer, "expires_in") };
    },
    admin: (session, path, init = {}) => broker.send(jsonRequest(path, init.method ?? "GET", session, init.json)),
    fetch: (url, init) => callResource(options, calls, task(), url, init),
    keepRenewed: (signal) => keepRenewed(agent, now, signal),
  };
  return agent;
}

const revealed = (value: string | Secret<string>): string => (typeof value === "string" ? value : value.reveal());

const tokenType = (type: string): string =>
  type.startsWith("urn:") ? type : `urn:ietf:params:oauth:token-type:${type}`;

interface Wanted {
  readonly resource: string;
  readonly authorizationDetails: Json;
  readonly client?: string;
  readonly policy?: string;
  readonly purpose?: string;
  readonly duration?: number;
}

const taskParameters = (wanted: Wanted): Readonly<Record<string, string>> => ({
  resource: wanted.resource,
  authorization_details: JSON.stringify(wanted.authorizationDetails),
  ...(wanted.policy === undefined ? {} : { policy: wanted.policy }),
  ...(wanted.purpose === undefined ? {} : { purpose: wanted.purpose }),
  ...(wanted.duration === undefined ? {} : { duration: String(wanted.duration) }),
});

const taskBody = (wanted: Wanted): Readonly<Record<string, Json>> => ({
  resource: wanted.resource,
  authorization_details: wanted.authorizationDetails,
  ...(wanted.client === undefined ? {} : { client: wanted.client }),
  ...(wanted.policy === undefined ? {} : { policy: wanted.policy }),
  ...(wanted.purpose === undefined ? {} : { purpose: wanted.purpose }),
  ...(wanted.duration === undefined ? {} : { duration: wanted.duration }),
});

const jsonRequest = (
  path: string,
  method: string,
  session: Secret<string>,
  json: Json | undefined,
): Parameters<Broker["send"]>[0] => ({
  ...{ path, method, session },
  ...(json === undefined ? {} : { body: { type: "application/json", text: () => JSON.stringify(json) } }),
});

async function openSession(
  broker: Broker,
  idToken: string,
  clientId: string,
  now: number,
): Promise<{ readonly session: Secret<string>; readonly expiresAt: number }> {
  const parameters = {
    grant_type: EXCHANGE,
    requested_token_type: SESSION,
    subject_token: idToken,
    subject_token_type: tokenType("id_token"),
    client_id: clientId,
  };
  const answer = await broker.token(parameters, "key");
  return {
    session: new Secret(textIn(answer, "access_token")),
    expiresAt: Math.floor(now / 1000) + countIn(answer, "expires_in"),
  };
}

function readHeld(answer: JsonObject, nowMs: number): HeldToken {
  const now = Math.floor(nowMs / 1000);
  if (textIn(answer, "token_type").toLowerCase() !== "dpop")
    throw new RemitError("answer_malformed", "the broker's answer is not a token bound to our key");
  const details = listIn(answer, "authorization_details");
  return {
    accessToken: new Secret(textIn(answer, "access_token")),
    expiresAt: now + countIn(answer, "expires_in"),
    receivedAt: now,
    task: textIn(answer, "task"),
    grant: textIn(answer, "grant"),
    leaseUntil: countIn(answer, "lease_until"),
    taskEnds: countIn(answer, "task_ends"),
    resource: resourceOf(details),
    authorizationDetails: details,
  };
}

/** The one location of all entries: where the token may be sent. */
function resourceOf(details: readonly Json[]): string {
  const locations = details.map((entry) => (isJsonObject(entry) ? entry["locations"] : undefined));
  const all = new Set(locations.flatMap((list) => (Array.isArray(list) ? list : [undefined])));
  const [only] = all;
  if (all.size === 1 && typeof only === "string") return only;
  throw new RemitError("answer_malformed", "the broker's answer is not for exactly one resource");
}

async function endTask(broker: Broker, held: HeldToken, how: "complete" | "cancel"): Promise<EndedTask> {
  const text = (): string => new URLSearchParams({ grant: held.grant, how }).toString();
  const request = { path: `/tasks/${held.task}/end`, method: "POST", body: { type: FORM, text } };
  const answer = await goodObject(await broker.send(request));
  return {
    task: textIn(answer, "task"),
    endedAt: countIn(answer, "ended_at"),
    n: countIn(answer, "n"),
    points: listIn(answer, "points").map(readPoint),
    inFlight: listIn(answer, "in_flight").map(readFlight),
    upstream: listIn(answer, "upstream"),
  };
}

function readFlight(json: Json): EndedTask["inFlight"][number] {
  if (!isJsonObject(json)) throw refusalFrom(200, "");
  return { operation: textIn(json, "operation"), state: textIn(json, "state") };
}

function readPoint(json: Json): { readonly id: string; readonly seenAt: number | null } {
  if (!isJsonObject(json)) throw refusalFrom(200, "");
  const seenAt = json["seen_at"];
  return { id: textIn(json, "id"), seenAt: typeof seenAt === "number" ? seenAt : null };
}
