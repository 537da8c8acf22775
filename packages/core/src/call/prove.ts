import type { ParentSpec, RecordType } from "../connector/connector.ts";
import { isSpelled, type Parts, printSpelled } from "../connector/spelling.ts";
import { atPointer } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { Terms } from "./decide.ts";
import { type Ask, findRecord, type FoundRecord, namesOf, type OwnAnswer, readGiven } from "./find-record.ts";
import { nameText, parentsOf } from "./identity.ts";
import { recordPath } from "./rebuild.ts";

/** What answers of this very call say of one record: which it is, and what it is part of. */
export type Proof = Omit<FoundRecord, "alias">;

const MAX_PROOF = 1_048_576;

/** Reads where a record is. Whatever depends on the record and is no proof is the same `outside`. */
export async function proveRecord(
  terms: Pick<Terms, "connector" | "resource" | "authority">,
  { type, named, outside }: { readonly type: RecordType; readonly named: string; readonly outside: Refusal },
  ask: Ask,
): Promise<Result<Proof, Refusal>> {
  if (type.resolve === undefined) return proveByList(terms, { type, named, outside }, ask);
  const found = await findRecord(type, named, ask, (known) => isElsewhere(terms, type, known));
  if (found.ok) return found;
  const { about, detail } = found.error;
  return err(about === "upstream" ? refuse("upstream_refused", detail) : { ...outside, detail });
}

/** Whether the parts of a record's name, as far as they are known, say that it is in no parent that is granted. */
const isElsewhere = (
  { resource, authority }: Pick<Terms, "resource" | "authority">,
  type: RecordType,
  known: Parts,
): boolean =>
  !authority.some(({ type: fullType, record }) => {
    // what an entry names by itself needs no proof of where it is
    if (fullType !== `${resource.name}.${type.name}` || record.by === "identifier") return false;
    const parent = record.by === "within" ? type.parents[record.type] : undefined;
    if (record.by !== "within" || parent?.by !== "part") return true;
    const said = known[parent.part];
    return said === undefined || said === record.identifier;
  });

/** A record that says nothing of its parent is inside the one whose own list names it. Only granted parents are read. */
async function proveByList(
  { connector, resource, authority }: Pick<Terms, "connector" | "resource" | "authority">,
  { type, named, outside }: { readonly type: RecordType; readonly named: string; readonly outside: Refusal },
  ask: Ask,
): Promise<Result<Proof, Refusal>> {
  if (!isSpelled(type.identifier, named)) return err(outside);
  for (const { type: fullType, record } of authority) {
    if (record.by !== "within" || fullType !== `${resource.name}.${type.name}`) continue;
    const parent = type.parents[record.type];
    const above = connector.types[record.type];
    if (parent?.by !== "list" || above === undefined) continue;
    const item = await itemOf(parent, above, { id: record.identifier, key: named }, ask);
    if (item !== undefined)
      return ok({
        ...{ id: named, version: undefined, body: item },
        parents: [{ type: record.type, identifier: record.identifier }],
      });
  }
  return err({ ...outside, detail: "no granted parent lists the record" });
}

async function itemOf(
  { path, query, list, key }: Extract<ParentSpec, { by: "list" }>,
  above: RecordType,
  wanted: { readonly id: string; readonly key: string },
  ask: Ask,
): Promise<Json | undefined> {
  const search = new URLSearchParams();
  for (const [name, text] of Object.entries(query)) search.set(name, printSpelled(text, { record: wanted.id }) ?? text);
  const target = `${recordPath(path, above, wanted.id)}${search.size === 0 ? "" : `?${search.toString()}`}`;
  const answer = await ask(target, MAX_PROOF);
  if (!answer.ok || answer.value.status !== 200) return undefined;
  const { json } = answer.value;
  const items = json.ok && json.value !== undefined ? atPointer(json.value, list) : undefined;
  return Array.isArray(items)
    ? (items as readonly Json[]).find((item) => nameText(atPointer(item, key)) === wanted.key)
    : undefined;
}

/** Answers that speak of the upstream or of our credential, never of one record. */
const NOT_OF_A_RECORD = [401, 429, 502, 503, 504];

/** The proof in the answer to a call for one record; an answer for another one proves nothing. */
export function proofIn(
  answer: OwnAnswer,
  good: readonly number[],
  { type, named }: { readonly type: RecordType; readonly named: string },
  outside: Refusal,
): Result<Proof, Refusal> {
  if (NOT_OF_A_RECORD.includes(answer.status))
    return err(refuse("upstream_refused", `the upstream answered ${answer.status}`));
  const no = (detail: string): Result<Proof, Refusal> => err({ ...outside, detail });
  const [step, ...more] = type.resolve?.steps ?? [];
  if (step === undefined || more.length > 0) return no("one answer does not say which record it is about");
  const read = readGiven(answer, good, step, type, {});
  if (!read.ok) return no(read.error.detail);
  const names = namesOf(type, read.value.known);
  if (names === undefined) return no("the answer does not say which record it is about");
  if (named !== names.id && named !== names.alias) return no("the upstream answered for another name");
  const { body } = read.value;
  return ok({ id: names.id, parents: parentsOf(type, names.id, body), version: answer.etag, body });
}
