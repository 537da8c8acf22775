import {
  batchAnswer,
  type BatchPart,
  type BatchSpec,
  callOfPart,
  type Decided,
  err,
  JSON_LIMITS,
  ok,
  partRefusal,
  partsOfBatch,
  type Refusal,
  REFUSALS,
  type Result,
} from "@remit/core";
import type { VerifiedCall } from "@remit/sdk";
import type { Gateway } from "./gateway.ts";
import type { Answered } from "./http/upstream-answer.ts";
import type { Flight } from "./in-flight.ts";
import type { Incoming } from "./incoming.ts";
import type { TakenUse } from "./uses.ts";

/** The steps of one call that has been verified. */
export interface CallSteps {
  decide(incoming: Incoming, flight: Flight): Promise<Result<Decided, Refusal>>;
  spend(decided: Decided): Promise<Result<TakenUse | undefined, Refusal>>;
  carryOut(
    incoming: Incoming,
    decided: Decided,
    use: TakenUse | undefined,
    flight: Flight,
  ): Promise<Result<Answered, Refusal>>;
}

/** One request of a batch on its way. */
interface Part {
  readonly incoming: Incoming;
  readonly flight: Flight;
  readonly decided: Decided;
}

/**
 * A batch is never sent. All of its requests are decided and paid for before the first is sent; then each goes as the
 * call that it is, with a record of its own, and what comes of it after that is told in its place.
 */
export async function callBatch(
  gateway: Gateway,
  incoming: Incoming,
  caller: VerifiedCall,
  spec: BatchSpec,
  steps: CallSteps,
): Promise<Result<Answered, Refusal>> {
  const body = await incoming.readBody({ ...JSON_LIMITS, bytes: spec.max });
  if (!body.ok) return body;
  const read = partsOfBatch(spec, body.value);
  if (!read.ok) return read;
  using flights = new DisposableStack();
  const parts: Part[] = [];
  for (const part of read.value) {
    const flight = flights.adopt(gateway.flights.enter(caller, incoming.cut), (each) => each.leave());
    const one = incomingOf(gateway, incoming, part);
    const decided = await steps.decide(one, flight);
    if (!decided.ok) return decided;
    const odd = partRefusal(decided.value);
    if (odd !== undefined) return err(odd);
    parts.push({ incoming: one, flight, decided: decided.value });
  }
  const uses = await spendAll(parts, steps);
  if (!uses.ok) return uses;
  const answers = await carryOutAll(parts, uses.value, steps);
  // what an end reached is withheld whole, as the answer of one call is
  const gone = parts
    .map(({ decided }) => gateway.liveness.judge(caller, decided.named.operation.class))
    .find((refusal) => refusal !== undefined);
  return gone === undefined ? ok({ status: 200, body: batchAnswer(spec, answers) }) : err(gone);
}

const incomingOf = (gateway: Gateway, { signal, cut }: Incoming, part: BatchPart): Incoming => ({
  ...callOfPart(part),
  ...{ signal, cut, decision: gateway.newDecision() },
});

/** Takes a use for each, or none. */
async function spendAll(
  parts: readonly Part[],
  steps: CallSteps,
): Promise<Result<readonly (TakenUse | undefined)[], Refusal>> {
  const taken: (TakenUse | undefined)[] = [];
  for (const { decided } of parts) {
    const use = await steps.spend(decided);
    if (use.ok) {
      taken.push(use.value);
      continue;
    }
    for (const each of taken) {
      each?.giveBack();
      each?.settle();
    }
    return use;
  }
  return ok(taken);
}

async function carryOutAll(
  parts: readonly Part[],
  uses: readonly (TakenUse | undefined)[],
  steps: CallSteps,
): Promise<readonly Pick<Answered, "status" | "body">[]> {
  const answers: Pick<Answered, "status" | "body">[] = [];
  try {
    for (const [index, { incoming, decided, flight }] of parts.entries()) {
      const done = await steps.carryOut(incoming, decided, uses[index], flight);
      answers.push(done.ok ? done.value : refusedPart(done.error));
    }
    return answers;
  } finally {
    for (const use of uses) use?.settle();
  }
}

/** What a refusal that came after the decision is in the place of an answer. */
function refusedPart({ code }: Refusal): Pick<Answered, "status" | "body"> {
  const { status, error, text } = REFUSALS[code];
  return { status, body: { error, code, error_description: text } };
}
