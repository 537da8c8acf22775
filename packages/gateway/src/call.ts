import {
  batchAt,
  type Entry,
  err,
  type Named,
  ok,
  permits,
  rebuild,
  type Refusal,
  refuse,
  type Result,
  shapeGraphql,
} from "@remit/core";
import type { VerifiedCall } from "@remit/sdk";
import { callBatch, type CallSteps } from "./batch.ts";
import type { Decided } from "./decided.ts";
import type { Gateway, Served } from "./gateway.ts";
import type { Flight } from "./in-flight.ts";
import type { Incoming } from "./incoming.ts";
import { lookUp, recall } from "./http/look-up.ts";
import { recorder } from "./call-record.ts";
import { nextPage } from "./http/links.ts";
import type { Answered } from "./http/upstream-answer.ts";
import { UpstreamFault } from "./upstream/fault.ts";
import type { Upstream, UpstreamAnswer } from "./upstream/upstream.ts";
import type { TakenUse } from "./uses.ts";
import { nameCall } from "./name-call.ts";
import { sentRoles } from "./sent-roles.ts";
import { decideInside } from "./within/decide.ts";
import { conditionOf, leftMeanwhile, outcomeOf, refusalOfFault } from "./within/release.ts";

/** What a caller is told: an answer to release, or a refusal with whom it is about. */
export type CallResult = Result<Answered, { readonly refusal: Refusal; readonly call: VerifiedCall | undefined }>;

/**
 * One call, step by step: verify, read, name, decide, spend, record the intent, ask again whether it still may, send
 * what was decided, project the answer, record the outcome, release. Every no ends it.
 */
export async function call(gateway: Gateway, served: Served, incoming: Incoming): Promise<CallResult> {
  const { head } = incoming;
  const verified = served.verifier.verify({
    method: head.method,
    url: gateway.base + head.path,
    authorization: head.headers.get("authorization"),
    dpop: head.headers.get("dpop"),
  });
  if (!verified.ok) return err({ refusal: verified.error, call: undefined });
  const caller = verified.value;
  const flight = gateway.flights.enter(caller, incoming.cut);
  // what was cut off by an end is refused as what begins after it
  const no = (refusal: Refusal): CallResult =>
    err({ refusal: flight.ended() ? refuse("token_revoked", refusal.detail) : refusal, call: caller });
  try {
    const batch = batchAt(served.connector.batches, head.method, incoming.segments);
    if (batch !== undefined) {
      const done = await callBatch(gateway, incoming, caller, batch, stepsOf(gateway, served, caller));
      return done.ok ? done : no(done.error);
    }
    const decided = await decide(served, incoming, caller, flight);
    if (!decided.ok) return no(decided.error);
    const use = await spend(gateway, decided.value, caller);
    if (!use.ok) return no(use.error);
    try {
      const done = await carryOut(gateway, served, incoming, caller, decided.value, use.value, flight);
      return done.ok ? done : no(done.error);
    } finally {
      use.value?.settle();
    }
  } finally {
    flight.leave();
  }
}

const stepsOf = (gateway: Gateway, served: Served, caller: VerifiedCall): CallSteps => ({
  decide: async (incoming, flight) => decide(served, incoming, caller, flight),
  spend: async (decided) => spend(gateway, decided, caller),
  carryOut: async (incoming, decided, use, flight) => carryOut(gateway, served, incoming, caller, decided, use, flight),
});

/** Steps 2 to 5. */
async function decide(
  served: Served,
  incoming: Incoming,
  caller: VerifiedCall,
  flight: Flight,
): Promise<Result<Decided, Refusal>> {
  const permitted = await nameAndPermit(served, incoming, caller, flight);
  const missing = permitted.ok ? approval(permitted.value) : undefined;
  return missing === undefined ? permitted : err(missing);
}

/** Steps 2 to 4: read the body, name the operation, decide. Nothing has left this process yet, but for lookups by pinned id. */
async function nameAndPermit(
  served: Served,
  incoming: Incoming,
  caller: VerifiedCall,
  flight: Flight,
): Promise<Result<Decided, Refusal>> {
  const { claims, authority } = caller;
  if (claims.connection !== served.connection.id || claims.connector !== served.connector.digest) {
    return err(refuse("connector_changed", "the grant names another connection or connector than this gateway has"));
  }
  const named = await nameCall(served, incoming);
  if (!named.ok) return named;
  flight.named(named.value.operation.name);
  // the record is judged before anything is looked up for it, so that nothing is learnt about other records
  const first = permits(authority, named.value.operation);
  const inside = first.ok ? undefined : decideInside(served, authority, named.value, first.error, incoming);
  if (inside !== undefined) return inside;
  const blocked = !first.ok && !(first.error.code === "value_not_granted" && named.value.lookups.length > 0);
  if (blocked) return first;
  const pinnedId = pinnedIdOf(authority, named.value);
  if (pinnedId === undefined)
    return err(
      refuse("record_not_granted", "no entry names this record", {
        operation: named.value.operation.name,
        alias: named.value.routed.named,
      }),
    );
  const recalled = recall(served.lookups, named.value, pinnedId);
  const known = recalled === undefined ? undefined : permits(authority, recalled.operation);
  if (known?.ok === false) return known;
  const complete =
    named.value.lookups.length === 0 ? named : await lookUp(served, named.value, pinnedId, incoming.signal);
  if (!complete.ok) return complete;
  const permitted = permits(authority, complete.value.operation);
  if (!permitted.ok) return permitted;
  const entry = authority[permitted.value.entries[0] ?? -1];
  // what was looked up was looked up for this very record
  if (entry === undefined || entry.record.by === "any" || entry.record.identifier !== pinnedId)
    return err(refuse("record_not_granted", "the permitting entry names no record, or another one"));
  const roles = sentRoles(authority, complete.value, permitted.value);
  return roles.ok ? ok({ named: complete.value, entry, pinnedId, roles: roles.value }) : roles;
}

const NEEDS_APPROVAL = ["money", "reveal", "mint"];

/** Step 5: what a person must have seen as it is. Approvals cannot be presented yet, so there is none. */
function approval({ named: { operation } }: Decided): Refusal | undefined {
  if (!NEEDS_APPROVAL.includes(operation.class)) return undefined;
  const { name, records } = operation;
  const alias = records[0]?.named ?? "";
  return refuse("approval_required", `operations of class \`${operation.class}\``, { operation: name, alias });
}

function pinnedIdOf(authority: readonly Entry[], named: Named): string | undefined {
  const [own] = named.operation.records;
  const { named: spelled } = named.routed;
  for (const { record, type: entryType } of authority) {
    if (entryType !== own?.type || record.by === "any" || (record.by === "within") !== (own.listed !== undefined))
      continue;
    if (record.by === "within" && record.type !== own.listed) continue;
    if (record.identifier === spelled || record.alias === spelled) return record.identifier;
  }
  return undefined;
}

/** Step 6: one use, where the grant counts uses. */
async function spend(
  gateway: Gateway,
  { entry }: Decided,
  { claims }: VerifiedCall,
): Promise<Result<TakenUse | undefined, Refusal>> {
  if (entry.limits.uses === undefined) return ok(undefined);
  return gateway.uses.take({ grant: claims.grants[0] ?? "", jti: claims.jti, exp: claims.exp });
}

/** Steps 7 to 10. */
async function carryOut(
  gateway: Gateway,
  served: Served,
  incoming: Incoming,
  caller: VerifiedCall,
  decided: Decided,
  use: TakenUse | undefined,
  flight: Flight,
): Promise<Result<Answered, Refusal>> {
  const { named, inside } = decided;
  const { operation } = named;
  const isRead = operation.class === "read";
  const note = recorder(gateway, incoming.decision, caller, decided);
  if (!isRead && !(await note("call.intent", {})))
    return giveUp(use, refuse("log_full", "the intent cannot be recorded"));
  // the last read before a write: what was moved since it was decided about is not written
  const lastLook = async (): Promise<Refusal | undefined> => {
    const moved = await leftMeanwhile(served, decided, caller.authority, incoming.signal);
    return gateway.liveness.judge(caller, operation.class) ?? moved;
  };
  const left = incoming.signal.aborted ? refuse("upstream_failed", "the caller went away") : undefined;
  const late = gateway.liveness.judge(caller, operation.class) ?? left;
  const halted = late ?? (isRead || inside === undefined ? undefined : await lastLook());
  if (halted !== undefined) {
    if (!isRead) await note("call.outcome", { outcome: "not_sent", code: halted.code });
    return giveUp(use, halted);
  }
  // a write that is on its way is waited for, whoever goes away: what it did must be recorded
  const signal = isRead ? incoming.signal : null;
  // obtaining a credential or a connection may take its time: whether it may still be written is asked when it is
  const alive = (): boolean => gateway.liveness.judge(caller, operation.class) === undefined;
  try {
    const held = isRead ? {} : { gate: flight.gate(alive) };
    const raw = await served.upstream.send({ ...requestOf(served, decided), ...held }, maxOf(named), signal);
    const { authority } = caller;
    const { answered, record, alarm } = await outcomeOf(served, raw, decided, authority, incoming.signal);
    const about = { upstream_status: raw.status, ...(record === undefined ? {} : { record }) };
    const outcome = answered.ok
      ? { ...about, outcome: "done" }
      : { ...about, outcome: "withheld", code: answered.error.code };
    if (!(await note(isRead ? "call.read" : "call.outcome", outcome)))
      return err(refuse("log_full", "the outcome cannot be recorded"));
    if (alarm !== undefined) await note("alarm", { code: alarm });
    if (!answered.ok) return answered;
    const gone = gateway.liveness.judge(caller, operation.class);
    return gone === undefined ? ok(asCalled(gateway, incoming, named, answered.value, raw)) : err(gone);
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    if (error.sent && !isRead) flight.lost();
    const refusal = gateway.liveness.judge(caller, operation.class) ?? refusalOfFault(decided, error);
    await note(isRead ? "call.read" : "call.outcome", {
      outcome: error.sent ? "unknown" : "not_sent",
      code: refusal.code,
    });
    return error.sent ? err(refusal) : giveUp(use, refusal);
  }
}

const MAX_EMPTY = 65_536;

const maxOf = ({ routed: { spec } }: Named): number => ("max" in spec.response ? spec.response.max : MAX_EMPTY);

/** What is sent: a function of the decision. A file is asked for under its own types. */
function requestOf(served: Served, decided: Decided): Omit<Parameters<Upstream["send"]>[0], "credential" | "gate"> {
  const { named, pinnedId, entry, inside, roles } = decided;
  const { response } = named.routed.spec;
  return {
    ...rebuild(named, pinnedId, entry, inside?.ask, roles, served.connection.origin),
    ...conditionOf(decided),
    ...(response.kind === "bytes" ? { accept: response.types.join(", ") } : {}),
  };
}

/** What is released in the caller's own terms: the names of its query, and where its list goes on. */
function asCalled(
  { base }: Gateway,
  { head }: Incoming,
  { routed: { spec }, graphql }: Named,
  answered: Answered,
  raw: UpstreamAnswer,
): Answered {
  const { response } = spec;
  if (graphql !== undefined && response.kind === "record" && response.status.includes(answered.status))
    return { ...answered, body: shapeGraphql(answered.body, response.fields, graphql) };
  const parameter = "next" in response ? response.next?.parameter : undefined;
  const link = parameter === undefined ? undefined : nextPage(raw.headers["link"], parameter, head, base);
  return link === undefined ? answered : { ...answered, headers: { ...answered.headers, link } };
}

function giveUp(use: TakenUse | undefined, refusal: Refusal): Result<never, Refusal> {
  use?.giveBack();
  return err(refusal);
}
