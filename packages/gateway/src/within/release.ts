import {
  type Authority,
  decideByAnswer,
  type Decided,
  entryFor,
  err,
  permits,
  project,
  proven,
  type Refusal,
  refuse,
  type Result,
} from "@remit/core";
import type { Served } from "../gateway.ts";
import { reflects } from "../http/reflected.ts";
import { answerOf, type Answered } from "../http/upstream-answer.ts";
import type { UpstreamFault } from "../upstream/fault.ts";
import type { UpstreamAnswer } from "../upstream/upstream.ts";
import { ownAnswer, prove } from "./prove.ts";

/** What came of an answer. */
export interface Outcome {
  readonly answered: Result<Answered, Refusal>;
  /** The record that the answer proved itself to be about, where that was not known before. */
  readonly record?: string;
  /** What an upstream does only if something is very wrong with it. */
  readonly alarm?: string;
}

const ALARMING: readonly string[] = ["reflected_secret", "record_mismatch"];

/** What of an answer may be released. A record that is not, or no longer, inside what is granted gives nothing. */
export async function outcomeOf(
  served: Served,
  raw: UpstreamAnswer,
  decided: Decided,
  authority: Authority,
  signal: AbortSignal,
): Promise<Outcome> {
  const { named, inside, entry, pinnedId } = decided;
  if (inside?.provenBy === "answer") return outcomeInside(served, raw, decided, inside.outside, authority);
  const answered = answerOf(
    raw,
    { named, pinnedId, entry, authority, conditional: "ifMatch" in conditionOf(decided), links: served.links },
    served.spellings,
  );
  if (!answered.ok)
    return { answered, ...(ALARMING.includes(answered.error.code) ? { alarm: answered.error.code } : {}) };
  // such an answer does not say where its record is: the record may have left while it was asked for
  const left = named.operation.class === "read" ? await leftMeanwhile(served, decided, authority, signal) : undefined;
  return { answered: left === undefined ? answered : err(left) };
}

function outcomeInside(
  served: Served,
  raw: UpstreamAnswer,
  { named }: Decided,
  outside: Refusal,
  authority: Authority,
): Outcome {
  if (reflects(raw.body, served.spellings.reveal())) {
    const detail = "the answer holds the injected credential";
    return { answered: err({ ...outside, detail }), alarm: "reflected_secret" };
  }
  const left = decideByAnswer(authority, named, ownAnswer(raw), outside);
  if (!left.ok) return { answered: left };
  const { id, body, ...about } = left.value;
  const projection = { ...about, pinnedId: id, authority, links: served.links };
  return { answered: project(raw.status, body, projection), record: id };
}

/** Why a call may not go on because its record was moved since it was read, asked of the upstream once more. */
export async function leftMeanwhile(
  served: Served,
  { named, pinnedId, inside }: Decided,
  authority: Authority,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  if (inside?.provenBy !== "before" || isAtomic(named)) return undefined;
  const proof = await prove(served, named.routed.type, pinnedId, inside.outside, authority, signal);
  if (!proof.ok) return proof.error;
  const permitted = permits(authority, proven(named.operation, proof.value));
  return permitted.ok && entryFor(authority, permitted.value.entries[0], pinnedId) !== undefined
    ? undefined
    : inside.outside;
}

/** What is answered where an upstream gave no usable answer; what may depend on an unproven record tells nothing of it. */
export const refusalOfFault = ({ inside }: Decided, { answered, code, message }: UpstreamFault): Refusal =>
  inside?.provenBy === "answer" && answered ? { ...inside.outside, detail: message } : refuse(code, message);

const isAtomic = ({ routed }: Decided["named"]): boolean => routed.spec.precondition === "atomic";

/** The condition under which the upstream itself carries a call out, where it knows one. */
export const conditionOf = ({ named, inside }: Decided): { readonly ifMatch?: string } =>
  inside?.version !== undefined && isAtomic(named) ? { ifMatch: inside.version } : {};
