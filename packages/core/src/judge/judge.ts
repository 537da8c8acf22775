import { permits } from "../authority/permits.ts";
import { partRefusal } from "../call/batch.ts";
import { type CallRequest, decideCall, missingApproval, type Reads, type Terms } from "../call/decide.ts";
import { decideByAnswer } from "../call/decide-inside.ts";
import type { Decided } from "../call/decided.ts";
import { listIn, meaningIn, withMeanings } from "../call/meaning.ts";
import type { Ask, OwnAnswer } from "../call/find-record.ts";
import type { Named, OpenLookup } from "../call/named.ts";
import { proveRecord } from "../call/prove.ts";
import { rebuild, type UpstreamRequest } from "../call/rebuild.ts";
import { readSpelled } from "../connector/spelling.ts";
import { printTemplate } from "../connector/template.ts";
import { atPointer } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import { callsIn, type RawRequest } from "./calls-in.ts";

/** What only the API can say: what a key of the request means, or what a record is part of. */
export type Unknown =
  | { readonly what: "lookup"; readonly open: OpenLookup; readonly named: Named }
  | {
      readonly what: "place";
      readonly type: string;
      readonly name: string;
      readonly operation: string;
      /** The path and query of the read that would say it. */
      readonly target: string;
    };

/** What the gateway would do with a request before anything is sent. */
export type Judged =
  | {
      readonly decision: "allowed";
      readonly decided: Decided;
      /** The other calls of a batch, of which `decided` is the first. */
      readonly others: readonly Decided[];
    }
  | { readonly decision: "refused"; readonly refusal: Refusal }
  | { readonly decision: "depends"; readonly on: Unknown };

/** The answers of the API that are known, by path and query of the GET; `null`: it has nothing there. */
export type KnownAnswers = (target: string) => Json | undefined;

export const nothingKnown: KnownAnswers = () => undefined;

/** What is sent for an allowed call. */
export const sentFor = ({ named, pinnedId, entry, inside, roles }: Decided): UpstreamRequest =>
  rebuild(named, pinnedId, entry, inside?.ask, roles);

/** Says what the gateway would do with a request of an authenticated caller, by the gateway's own functions. */
export async function judgeRequest(terms: Terms, request: RawRequest, known: KnownAnswers): Promise<Judged> {
  const calls = await callsIn(terms, request);
  if (!calls.ok) return { decision: "refused", refusal: calls.error };
  const all: Decided[] = [];
  for (const call of calls.value) {
    const judged = await judgeCall(terms, call, known);
    if (judged.decision !== "allowed") return judged;
    all.push(judged.decided);
  }
  const [decided, ...others] = all;
  if (decided === undefined) throw new Error("a request is at least one call");
  return { decision: "allowed", decided, others };
}

/** Says what the gateway would do with one call, which may be one of a batch. */
export async function judgeCall(terms: Terms, call: CallRequest, known: KnownAnswers): Promise<Judged> {
  let open: Unknown | undefined;
  const left = (unknown: Unknown): Result<never, Refusal> => {
    open = unknown;
    return err(refuse("upstream_failed", "not known here"));
  };
  const decided = await decideCall(terms, call, readsOf(terms, known, left));
  if (open !== undefined) return { decision: "depends", on: open };
  if (!decided.ok) return { decision: "refused", refusal: decided.error };
  const refusal =
    missingApproval(decided.value) ??
    (call.decidedWithOthers === true ? partRefusal(decided.value) : undefined) ??
    refusedByAnswer(terms, decided.value, known);
  if (refusal !== undefined) return { decision: "refused", refusal };
  return { decision: "allowed", decided: decided.value, others: [] };
}

/** Why nothing is released of a call that was left to its answer, where that answer is known and says where its record is. */
function refusedByAnswer({ authority }: Terms, decided: Decided, known: KnownAnswers): Refusal | undefined {
  const { named, inside } = decided;
  if (inside?.provenBy !== "answer") return undefined;
  const answer = known(sentFor(decided).target);
  if (answer === undefined || !saysWhere(named, answer)) return undefined;
  const by = decideByAnswer(authority, named, ownAnswer(answer), inside.outside);
  return by.ok ? undefined : by.error;
}

/** A recorded answer may be to a read that did not ask where the record is; the gateway's own asks. */
function saysWhere({ routed: { type } }: Named, answer: Json): boolean {
  const places = Object.values(type.parents).flatMap((spec) => (spec.by === "answer" ? [spec.at] : []));
  return answer === null || places.length === 0 || places.some((at) => atPointer(answer, at) !== undefined);
}

function readsOf(terms: Terms, known: KnownAnswers, left: (unknown: Unknown) => Result<never, Refusal>): Reads {
  let operation = "";
  return {
    named: (name) => (operation = name),
    recall: () => undefined,
    lookUp: async (named, pinnedId) => Promise.resolve(lookUpIn(terms, known, left, named, pinnedId)),
    prove: async (type, named, outside) => {
      const missing: string[] = [];
      const proof = await proveRecord(terms, { type, named, outside }, askOf(known, missing));
      const [target] = missing;
      return proof.ok || target === undefined
        ? proof
        : left({ what: "place", type: type.name, name: named, operation, target });
    },
  };
}

/** Asks what is known, and notes what is not. */
const askOf =
  (known: KnownAnswers, missing: string[]): Ask =>
  async (target) => {
    const answer = known(target);
    if (answer === undefined) missing.push(target);
    return Promise.resolve(ok(ownAnswer(answer ?? null)));
  };

/** `null`: there is nothing. */
const ownAnswer = (answer: Json): OwnAnswer => ({
  status: answer === null ? 404 : 200,
  etag: '"known"',
  json: ok(answer ?? undefined),
});

function lookUpIn(
  { authority }: Terms,
  known: KnownAnswers,
  left: (unknown: Unknown) => Result<never, Refusal>,
  named: Named,
  pinnedId: string,
): Result<Named, Refusal> {
  const found: Record<string, string> = {};
  let unknown: OpenLookup | undefined;
  for (const open of named.lookups) {
    const told = lookupTargets(open, named, pinnedId)
      .map(known)
      .find((answer) => answer !== undefined);
    const list = listIn(open, told);
    if (list === undefined) unknown ??= open;
    found[open.as] = meaningIn(open, list ?? []);
  }
  const complete = withMeanings(named, found);
  // what is permitted with a meaning that nobody was granted is permitted whatever the key means
  const isOpen = unknown !== undefined && !permits(authority, complete.operation).ok;
  return isOpen && unknown !== undefined ? left({ what: "lookup", open: unknown, named }) : ok(complete);
}

/** Where the meaning of a key is asked for: the gateway asks by the pinned id, and others may have asked by the name. */
const lookupTargets = (
  { lookup }: OpenLookup,
  { routed: { type, named } }: Named,
  pinnedId: string,
): readonly string[] =>
  [pinnedId, named].flatMap(
    (name) => printTemplate(lookup.path, { ...readSpelled(type.identifier, name), record: name }) ?? [],
  );
