import { hash } from "node:crypto";
import {
  canonicalJson,
  err,
  type Json,
  ok,
  parseAsked,
  printAuthority,
  readJson,
  type Refusal,
  refuse,
  type Result,
} from "@remit/core";
import { type Broker, reach, type Reachable } from "./broker.ts";
import type { TrustPolicy } from "./config/model.ts";
import { choosePolicy, grantWithin, type PolicyQuestion } from "./policy/choose.ts";
import { askAtBegin } from "./policy/guardrails/ask.ts";
import { pinRecords, resolveTime } from "./resolve-asked.ts";
import type { Issued, NewTask, Retry } from "./store/store.ts";
import type { Counted } from "./store/tally.ts";

/** A request to begin a task, whoever brings it: by exchange, or by a start handle that a person made. */
export interface BeginRequest {
  readonly client: string;
  readonly issuerName: string;
  readonly subject: { readonly issuer: string; readonly subject: string };
  readonly claims: Json;
  readonly jkt: string;
  readonly resource: string;
  readonly details: string;
  readonly policy: string | undefined;
  readonly purpose: string | undefined;
  readonly durationSeconds: number | undefined;
  readonly once: NewTask["once"];
  readonly retry: NewTask["retry"];
  readonly start: string | undefined;
  readonly decision: string;
}

const MAX_PURPOSE = 200;

/** Judges a request to begin a task by policy, ceilings and limits, pins its records, and begins it in one transaction. */
export async function begin(broker: Broker, request: BeginRequest): Promise<Result<Issued, Refusal>> {
  const question = readQuestion(broker, request);
  if (!question.ok) return question;
  const { reachable, ask } = question.value;
  const policy = choosePolicy(broker.config, ask);
  if (!policy.ok) return policy;
  const duration = durationOf(broker, policy.value, request.durationSeconds);
  if (!duration.ok) return duration;
  // before anything is looked up, so that this refusal tells nothing of the record
  const allowed = askAtBegin(broker, policy.value, ask, { subject: request.subject, durationMs: duration.value });
  if (!allowed.ok) return allowed;
  const subject = await broker.store.principal({ kind: "usr", ...request.subject });
  const names = namesOf(broker, request.client, policy.value.policy, reachable.connector);
  if (names === undefined) return err(refuse("policy_unavailable", "a configured name has no id"));
  const who = { policy: names.policy, agent: names.agent, subject };
  const wanted = ask.asked.length;
  // a name that does not resolve counts like one that does, so the limit is asked before anything is looked up
  const { recordsPerHour } = policy.value.each;
  if (recordsPerHour !== undefined && isOver(broker, who, recordsPerHour - wanted))
    return err(refuse("limit_reached", `${recordsPerHour} records were asked for within the hour`));
  const counted = broker.asking.begin(who, wanted);
  try {
    return await pinAndBegin(broker, request, {
      reachable,
      ask,
      policy: policy.value,
      names,
      who,
      durationMs: duration.value,
      counted,
    });
  } finally {
    counted();
  }
}

/** Whether more than this many records were asked for within the hour; the store is asked where the estimate leaves it open. */
function isOver({ asking, store, now }: Broker, who: Counted, most: number): boolean {
  const exact = (): number => store.read.recordsWithinHour(who, now());
  return asking.atMost(who, exact, now()) > most && exact() + asking.now(who) > most;
}

/** What was judged before anything was looked up. */
interface Judged extends Question {
  readonly policy: TrustPolicy;
  readonly names: Names;
  readonly who: Counted;
  readonly durationMs: number;
  /** Called when what was looked up is counted for good. */
  readonly counted: () => void;
}

/** Looks the records up, and begins the task if the policy gives all of them. */
async function pinAndBegin(
  broker: Broker,
  request: BeginRequest,
  { reachable, ask, policy, names, who, durationMs, counted }: Judged,
): Promise<Result<Issued, Refusal>> {
  const startedMs = broker.now();
  const pinned = await pinRecords(broker, reachable, ask.asked);
  const authority = pinned.ok
    ? grantWithin(broker.config, policy, ask, pinned.value.entries, pinned.value.parentsOf)
    : pinned;
  if (!pinned.ok || !authority.ok) {
    await broker.store.noteUnresolved({ ...who, count: ask.asked.length });
    counted();
    await resolveTime(startedMs, broker.now);
    // that the record is there, but elsewhere than the policy allows, is as little to be learnt as that it is not
    return err(refuse("record_not_resolved", authority.ok ? "a record did not resolve" : authority.error.detail));
  }
  return broker.store.beginTask({
    tenant: "local",
    subject: who.subject,
    subjectIdentity: request.subject,
    agent: names.agent,
    client: names.client,
    clientName: request.client,
    policy: names.policy,
    policyName: policy.policy,
    purpose: request.purpose,
    durationMs,
    resource: reachable.url,
    connector: reachable.connector,
    connection: reachable.connection,
    live: [who.subject, names.agent, names.client, names.policy, names.connector, reachable.connection],
    jkt: request.jkt,
    depthLeft: policy.depth,
    authority: canonicalJson(printAuthority(authority.value)),
    uses: policy.uses,
    records: pinned.value.records,
    limits: policy.each,
    once: request.once,
    retry: request.retry,
    start: request.start,
    decision: request.decision,
  });
}

interface Question {
  readonly reachable: Reachable;
  readonly ask: PolicyQuestion;
}

function readQuestion(broker: Broker, request: BeginRequest): Result<Question, Refusal> {
  if ((request.purpose?.length ?? 0) > MAX_PURPOSE)
    return err(refuse("malformed_request", `purpose is longer than ${MAX_PURPOSE} characters`));
  const reachable = reach(broker, request.resource);
  if (reachable === undefined) return err(refuse("resource_unknown", "resource"));
  if (reachable === "unavailable") return err(refuse("resource_unavailable", "resource"));
  const json = readJson(request.details);
  if (!json.ok)
    return err(refuse("details_invalid", `not the JSON that is accepted: ${json.error.reason} at ${json.error.at}`));
  const asked = parseAsked(json.value, reachable.lookup);
  if (!asked.ok) return asked;
  const { client, issuerName, claims, policy } = request;
  return ok({
    reachable,
    ask: {
      client,
      issuer: issuerName,
      claims,
      policy,
      resource: reachable.resource,
      location: reachable.url,
      asked: asked.value,
    },
  });
}

function durationOf(broker: Broker, policy: TrustPolicy, asked: number | undefined): Result<number, Refusal> {
  const most = Math.min(policy.durationMs, broker.config.settings.taskMaxMs);
  if (asked === undefined) return ok(most);
  return asked * 1000 <= most
    ? ok(asked * 1000)
    : err(refuse("policy_none", `the policy allows ${most / 1000} seconds`));
}

/** Lasting ids of what a grant is made under. */
type Names = Readonly<Record<"client" | "agent" | "policy" | "connector", string>>;

function namesOf(broker: Broker, clientName: string, policyName: string, connectorDigest: string): Names | undefined {
  const { read } = broker.store;
  const client = read.name("cli", clientName);
  const agent = read.name("agt", clientName);
  const policy = read.name("pol", policyName);
  const connector = read.name("cnr", connectorDigest.split("@")[0] ?? "");
  return client !== undefined && agent !== undefined && policy !== undefined && connector !== undefined
    ? { client, agent, policy, connector }
    : undefined;
}

/** The same request within a minute gets the same task: what makes it the same. */
export function retryOf(
  client: string,
  jkt: string,
  token: { readonly once: string; readonly expiresMs: number },
  form: ReadonlyMap<string, string>,
): Retry {
  const key = hash("sha256", canonicalJson([client, jkt, token.once]), "base64url");
  const changing = ["client_assertion", "subject_token"];
  const kept = [...form]
    .filter(([name]) => !changing.includes(name))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { key, digest: hash("sha256", canonicalJson(kept), "base64url"), untilMs: token.expiresMs };
}
