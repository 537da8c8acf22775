import type { Authority, Entry, RecordScope } from "../authority/entry.ts";
import type { CallRequest, Terms } from "../call/decide.ts";
import type { Named } from "../call/named.ts";
import type { RecordType } from "../connector/connector.ts";
import type { Sufficient } from "../refusal.ts";
import { callsIn, type RawRequest } from "./calls-in.ts";
import { judgeCall, type Judged, type KnownAnswers } from "./judge.ts";
import { gather } from "./gather.ts";
import { minimal } from "./minimal.ts";
import { namedRecord } from "./suppose.ts";

/** The narrowest authority found for some calls. */
export interface Proposal {
  readonly authority: Authority;
  /** Calls that no authority permits, by their place in the list, with what the gateway would do. */
  readonly beyond: readonly { readonly call: number; readonly judged: Judged }[];
}

/** What is known besides the calls themselves. */
export interface Knowledge {
  readonly answers: (call: number) => KnownAnswers;
  /** Both names of a record, where they are known. */
  readonly names: (
    type: RecordType,
    name: string,
  ) => { readonly identifier: string; readonly alias?: string } | undefined;
}

/** One call with the entries that permit it and nothing more. */
export interface Permitting {
  readonly named: Named;
  /** The first is for the operation's own record. */
  readonly entries: Authority;
}

/**
 * Proposes the narrowest authority that permits all of these calls: records by name, the actions and fields that some call
 * needs, exact values where the connector lists all that there are. Dropping any member of it refuses some call.
 */
export async function propose(
  place: Omit<Terms, "authority">,
  calls: readonly RawRequest[],
  knowledge: Knowledge,
): Promise<Proposal> {
  const permitting: Permitting[] = [];
  const beyond: { call: number; judged: Judged }[] = [];
  for (const [call, request] of calls.entries()) {
    const found = await permittingAll(place, request, knowledge, call);
    if ("decision" in found) beyond.push({ call, judged: found });
    else permitting.push(...found);
  }
  const operations = permitting.map(({ named }) => named.operation);
  return { authority: minimal(gather(place.connector, permitting), operations), beyond };
}

/** All calls of a request with what permits them, or what keeps one of them, and so all, back. */
async function permittingAll(
  place: Omit<Terms, "authority">,
  request: RawRequest,
  knowledge: Knowledge,
  call: number,
): Promise<readonly Permitting[] | Judged> {
  const calls = await callsIn(place, request);
  if (!calls.ok) return { decision: "refused", refusal: calls.error };
  const found: Permitting[] = [];
  for (const one of calls.value) {
    const permitting = await permittingOf(place, one, knowledge.answers(call), knowledge);
    if ("decision" in permitting) return permitting;
    found.push(permitting);
  }
  return found;
}

/** More records than any call names. */
const MAX_ROUNDS = 16;

/** Adds what each refusal says would have sufficed, until the call is allowed. */
async function permittingOf(
  place: Omit<Terms, "authority">,
  call: CallRequest,
  known: KnownAnswers,
  knowledge: Knowledge,
): Promise<Permitting | Judged> {
  let entries: Authority = [];
  for (let round = 0; ; round++) {
    const judged = await judgeCall({ ...place, authority: entries }, call, known);
    if (judged.decision === "allowed") return { named: judged.decided.named, entries };
    const [need] = judged.decision === "refused" ? (judged.refusal.sufficient ?? []) : [];
    if (need === undefined || round === MAX_ROUNDS) return judged;
    entries = [...entries, entryFor(place, need, knowledge)];
  }
}

function entryFor({ connector, resource }: Omit<Terms, "authority">, need: Sufficient, knowledge: Knowledge): Entry {
  const typeOf = (name: string): RecordType | undefined =>
    Object.hasOwn(connector.types, name) ? connector.types[name] : undefined;
  return {
    type: need.type,
    location: resource.location,
    record: recordFor(typeOf(need.within?.type ?? need.type.slice(resource.name.length + 1)), need, knowledge),
    actions: [...need.actions].sort(),
    fields: { read: need.fields?.read ?? [], write: need.fields?.write ?? [] },
    ...{ where: {}, except: [], limits: {} },
  };
}

function recordFor(type: RecordType | undefined, need: Sufficient, { names }: Knowledge): RecordScope {
  const name = need.within?.alias ?? need.alias ?? "";
  const known = type === undefined ? undefined : names(type, name);
  const record = known ?? namedRecord(type, name);
  return need.within === undefined
    ? { by: "identifier", ...record }
    : { by: "within", type: need.within.type, ...record };
}
