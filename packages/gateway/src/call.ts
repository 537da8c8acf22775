import {
  batchAt,
  decideCall,
  type Decided,
  type DecisionPrimitives,
  err,
  missingApproval,
  type Named,
  ok,
  rebuild,
  type Refusal,
  refuse,
  type Result,
  shapeGraphql,
} from "@remit/core";
import { callPrimitives, type VerifiedCall } from "@remit/sdk";
import { callBatch, type CallSteps } from "./batch.ts";
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
import { prove } from "./within/prove.ts";
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
  const missing = permitted.ok ? missingApproval(permitted.value) : undefined;
  return missing === undefined ? permitted : err(missing);
}

/** Steps 2 to 4: read the body, name the operation, decide. Nothing has left this process yet, but for lookups by pinned id. */
async function nameAndPermit(
  served: Served,
  incoming: Incoming,
  { claims, authority }: VerifiedCall,
  flight: Flight,
): Promise<Result<Decided, Refusal>> {
  const { connection, connector, location } = served;
  if (claims.connection !== served.connection.id || claims.connector !== served.connector.digest) {
    return err(refuse("connector_changed", "the grant names another connection or connector than this gateway has"));
  }
  const { signal } = incoming;
  return decideCall(
    { connector, resource: { name: connection.resource, location }, authority, primitives: PRIMITIVES },
    incoming,
    {
      named: (operation) => flight.named(operation),
      recall: (named, pinnedId) => recall(served.lookups, named, pinnedId),
      lookUp: async (named, pinnedId) => lookUp(served, named, pinnedId, signal),
      prove: async (type, named, outside) => prove(served, type, named, outside, authority, signal),
    },
  );
}

/** The reader of queries is loaded where it is needed: most connectors have no such door. */
const PRIMITIVES: DecisionPrimitives = {
  ...callPrimitives,
  readQuery: async (body) => (await import("./graphql/read-query.ts")).readQuery(body),
};

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
    const placed = isRead || inside === undefined ? {} : { again: async () => (await lastLook()) === undefined };
    const held = isRead ? {} : { gate: flight.gate(alive), ...placed };
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
