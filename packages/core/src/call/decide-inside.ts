import type { Authority, Entry } from "../authority/entry.ts";
import { proven, supposeInside } from "../authority/inside.ts";
import { permits } from "../authority/permits.ts";
import { templateParts } from "../connector/template.ts";
import type { Json } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { Reads } from "./decide.ts";
import type { Decided } from "./decided.ts";
import type { OwnAnswer } from "./find-record.ts";
import type { Named } from "./named.ts";
import { proofIn } from "./prove.ts";
import { sentRoles } from "./sent-roles.ts";

/**
 * Decides a call whose record no entry names, under the entries for everything within a parent. Undefined: there is no
 * such entry that could permit it. `outside` is the refusal of a record that is nowhere.
 */
export function decideInside(
  authority: Authority,
  named: Named,
  outside: Refusal,
  reads: Reads,
  decidedWithOthers = false,
): Promise<Result<Decided, Refusal>> | undefined {
  if (!authority.some(({ record }) => record.by === "within")) return undefined;
  const supposed = supposeInside(authority, named.operation);
  const candidates = authority.filter((entry) => entry.record.by === "within" && mayPermit([entry], named, supposed));
  if (candidates.length === 0) {
    const refused = permits(authority, supposed);
    // with an entry that names the record there is another way, which finds out what the caller's keys mean
    return refused.ok || isOpen(refused.error, named) ? undefined : Promise.resolve(refused);
  }
  // what is sent only if all of a batch may be is not left to its own answer
  return saysWhereItIs(named) && !decidedWithOthers
    ? Promise.resolve(ok(leftToAnswer(named, candidates, outside)))
    : decideByReading(authority, named, outside, reads);
}

/** Whether the answer to the call itself names the record and its parents, and the caller's own name can be asked by. */
function saysWhereItIs({ routed: { type, spec } }: Named): boolean {
  const short = templateParts(spec.path).join() === "record" && type.resolve?.steps.length === 1;
  return spec.class === "read" && spec.response.kind === "record" && short;
}

function mayPermit(authority: Authority, named: Named, operation: Named["operation"]): boolean {
  const decision = permits(authority, operation);
  return decision.ok || isOpen(decision.error, named);
}

/** Whether what is missing may still turn out to be granted, once it is known what the caller's keys mean. */
const isOpen = ({ code }: Refusal, { lookups }: Named): boolean => code === "value_not_granted" && lookups.length > 0;

/** A read is sent as it is and judged by its answer; it asks for what any of the entries gives, and is projected on to one. */
function leftToAnswer(named: Named, candidates: Authority, outside: Refusal): Decided {
  const uses = candidates.map(({ limits }) => limits.uses).filter((count) => count !== undefined);
  const [first] = candidates;
  if (first === undefined) throw new Error("nobody asks for a call that no entry permits");
  const entry: Entry = {
    ...first,
    fields: { ...first.fields, read: [...new Set(candidates.flatMap(({ fields }) => fields.read))].sort() },
    limits: uses.length === 0 ? {} : { uses: Math.min(...uses) },
  };
  const parents = candidates.flatMap(({ record }) => (record.by === "within" ? [record.type] : []));
  const ask = parents.flatMap((parent) => {
    const spec = named.routed.type.parents[parent];
    return spec?.by === "answer" ? (spec.ask ?? []) : [];
  });
  return {
    ...{ named, entry, pinnedId: named.routed.named, roles: {} },
    inside: { outside, provenBy: "answer", ask: [...new Set(ask)], version: undefined },
  };
}

/** Everything else is decided by a read of the record, and goes on by the id that was read. */
async function decideByReading(
  authority: Authority,
  named: Named,
  outside: Refusal,
  reads: Reads,
): Promise<Result<Decided, Refusal>> {
  const { type, spec, named: spelled } = named.routed;
  const proof = await reads.prove(type, spelled, outside);
  if (!proof.ok) return proof;
  const { id, version } = proof.value;
  const known: Named = { ...named, operation: proven(named.operation, proof.value) };
  // nothing is looked up for a record that is elsewhere
  const first = permits(authority, known.operation);
  if (!first.ok && !isOpen(first.error, named)) return first;
  const complete = named.lookups.length === 0 ? ok(known) : await reads.lookUp(known, id);
  if (!complete.ok) return complete;
  const permitted = permits(authority, complete.value.operation);
  if (!permitted.ok) return permitted;
  const entry = entryFor(authority, permitted.value.entries[0], id);
  if (entry === undefined) return err(outside);
  if (spec.precondition === "atomic" && version === undefined)
    return err(refuse("upstream_failed", "the upstream names no version of the record"));
  const roles = sentRoles(authority, complete.value, permitted.value);
  if (!roles.ok) return roles;
  const inside = { outside, provenBy: "before", ask: [], version } as const;
  return ok({ named: complete.value, entry, pinnedId: id, roles: roles.value, inside });
}

/** Decides a call that was left to its answer: for the record that the answer says it is about. */
export function decideByAnswer(
  authority: Authority,
  named: Named,
  answer: OwnAnswer,
  outside: Refusal,
): Result<{ readonly named: Named; readonly entry: Entry; readonly id: string; readonly body: Json }, Refusal> {
  const said = proofIn(answer, named.routed.spec.response.status, named.routed, outside);
  if (!said.ok) return said;
  const { id, body } = said.value;
  const operation = proven(named.operation, said.value);
  const permitted = permits(authority, operation);
  if (!permitted.ok) return permitted;
  const entry = entryFor(authority, permitted.value.entries[0], id);
  return entry === undefined ? err(outside) : ok({ named: { ...named, operation }, entry, id, body });
}

/** The entry that permits; one that names a record by an alias counts only for the record that it is pinned to. */
export function entryFor(authority: Authority, index: number | undefined, id: string): Entry | undefined {
  const entry = authority[index ?? -1];
  return entry?.record.by === "identifier" && entry.record.identifier !== id ? undefined : entry;
}
