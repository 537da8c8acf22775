import type { RecordType, ResolveStep } from "../connector/connector.ts";
import { type Parts, partNames, printSpelled, readSpelled } from "../connector/spelling.ts";
import { printTemplate } from "../connector/template.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import type { Refusal } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import { isExpected, parentsOf, partsIn } from "./identity.ts";

/** What answers say of one record: which it is, and what it is part of. */
export interface FoundRecord {
  readonly id: string;
  readonly alias: string | undefined;
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
  readonly version: string | undefined;
  /** What the last answer says. */
  readonly body: Json;
}

/** Why no record was found: `record` depends on the record, and nobody is told; `upstream` does not. */
export interface FindFault {
  readonly about: "record" | "upstream";
  readonly detail: string;
}

/** An answer to a GET of the gateway's own. */
export interface OwnAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  /** Its JSON, which has one reading; undefined where there is no body. */
  readonly json: Result<Json | undefined, Refusal>;
}

/** Asks the API by a path and query, for no more than this many bytes. An API without an answer is a fault, and throws. */
export type Ask = (target: string, maxBytes: number) => Promise<Result<OwnAnswer, FindFault>>;

const MAX_ANSWER = 262_144;
/** Answers that speak of the upstream or of our credential, never of one record. */
const NOT_OF_A_RECORD = [401, 429, 502, 503, 504];

const noRecord = (detail: string): Result<never, FindFault> => err({ about: "record", detail });

/**
 * Reads, step by step, which record a name is. `elsewhere` says of what is known so far that nothing more is to be asked:
 * how many requests there were would tell whether the record is there.
 */
export async function findRecord(
  type: RecordType,
  named: string,
  ask: Ask,
  elsewhere: (known: Parts) => boolean = () => false,
): Promise<Result<FoundRecord, FindFault>> {
  let known: Parts = partsOfName(type, named);
  const given = new Set<string>();
  let last: { readonly answer: OwnAnswer; readonly body: Json } | undefined;
  for (const step of type.resolve?.steps ?? []) {
    if (elsewhere(known)) return noRecord("the name says that the record is elsewhere");
    const target = targetOf(step, known);
    if (target === undefined) return noRecord("the name does not say where to look");
    const asked = await ask(target, MAX_ANSWER);
    if (!asked.ok) return asked;
    const answer = asked.value;
    const read = readStep(answer, step, type, known);
    if (!read.ok) return read;
    ({ known } = read.value);
    for (const { text } of step.gives) for (const name of partNames(text)) given.add(name);
    last = { answer, body: read.value.body };
  }
  return last === undefined
    ? noRecord("the type is found within a parent only")
    : foundBy(type, named, known, given, last);
}

/** What a name says of itself: the parts of an identifier or of an alias. */
const partsOfName = (type: RecordType, named: string): Parts => ({
  ...(readSpelled(type.identifier, named) ?? (type.alias === undefined ? {} : readSpelled(type.alias, named))),
  record: named,
});

function targetOf({ paths, query }: ResolveStep, known: Parts): string | undefined {
  const path = paths.map((template) => printTemplate(template, known)).find((printed) => printed !== undefined);
  if (path === undefined) return undefined;
  const search = new URLSearchParams();
  for (const [name, text] of Object.entries(query)) {
    const value = printSpelled(text, known);
    if (value === undefined) return undefined;
    search.set(name, value);
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

function readStep(
  answer: OwnAnswer,
  step: ResolveStep,
  type: RecordType,
  known: Parts,
): Result<{ readonly known: Parts; readonly body: Json }, FindFault> {
  if (NOT_OF_A_RECORD.includes(answer.status))
    return err({ about: "upstream", detail: `the upstream answered ${answer.status}` });
  return readGiven(answer, [200], step, type, known);
}

/** What one answer says of a record: the parts of its names, of which none may differ from what is known. */
export function readGiven(
  answer: OwnAnswer,
  good: readonly number[],
  step: ResolveStep,
  type: RecordType,
  known: Parts,
): Result<{ readonly known: Parts; readonly body: Json }, FindFault> {
  if (!good.includes(answer.status)) return noRecord(`the upstream answered ${answer.status}`);
  const { json } = answer;
  if (!json.ok) return noRecord(json.error.detail);
  const body = json.value === undefined ? undefined : atPointer(json.value, step.at);
  if (body === undefined || !isJsonObject(body) || !isExpected(body, step.is))
    return noRecord("the answer is about no such record");
  // the name as a whole is no part of it
  const { record: _record, ...parts } = known;
  const found = partsIn(body, type, step.gives, parts);
  return found === undefined
    ? noRecord("the answer does not say which record it is about, or says another")
    : ok({ known: { ...found, record: known["record"] ?? "" }, body });
}

function foundBy(
  type: RecordType,
  named: string,
  known: Parts,
  given: ReadonlySet<string>,
  last: { readonly answer: OwnAnswer; readonly body: Json },
): Result<FoundRecord, FindFault> {
  // what only the name itself says is not proven by any answer
  const said = Object.fromEntries(Object.entries(known).filter(([name]) => given.has(name)));
  const names = namesOf(type, said);
  if (names === undefined) return noRecord("no answer says all of the record's names");
  // an upstream that answers for another spelling (an old key, another case) did not find what was asked
  if (named !== names.id && named !== names.alias) return noRecord("the upstream answered for another name");
  return ok({
    ...names,
    parents: parentsOf(type, names.id, last.body),
    version: last.answer.etag,
    body: last.body,
  });
}

/** The names that parts make, where they make all that the type has. */
export function namesOf(
  type: RecordType,
  parts: Parts,
): { readonly id: string; readonly alias: string | undefined } | undefined {
  const id = printSpelled(type.identifier.text, parts);
  const alias = type.alias === undefined ? undefined : printSpelled(type.alias.text, parts);
  if (id === undefined || (alias === undefined && type.alias !== undefined)) return undefined;
  return { id, alias };
}
