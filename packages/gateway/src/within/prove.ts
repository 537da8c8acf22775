import {
  type Authority,
  atPointer,
  err,
  isSpelled,
  type Json,
  nameText,
  ok,
  parentsOf,
  type ParentSpec,
  printSpelled,
  recordPath,
  type RecordType,
  refuse,
  type Refusal,
  type Result,
} from "@remit/core";
import type { Served } from "../gateway.ts";
import { reflects } from "../http/reflected.ts";
import { jsonOf } from "../http/upstream-answer.ts";
import { type FindFault, findRecord, type FoundRecord, namesOf, readGiven } from "../resolve/find.ts";
import { UpstreamFault } from "../upstream/fault.ts";
import type { UpstreamAnswer } from "../upstream/upstream.ts";

/** What answers of this very call say of one record: which it is, and what it is part of. */
export type Proof = Omit<FoundRecord, "alias">;

const MAX_PROOF = 1_048_576;

/** Reads where a record is, in this very call. Whatever depends on the record and is no proof is the same `outside`. */
export async function prove(
  served: Served,
  type: RecordType,
  named: string,
  outside: Refusal,
  authority: Authority,
  signal: AbortSignal,
): Promise<Result<Proof, Refusal>> {
  try {
    if (type.resolve === undefined) return await proveByList(served, type, named, outside, authority, signal);
    const found = await findRecord(served, type, named, signal);
    return found.ok ? found : err(refusalOf(found.error, outside));
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    return err(error.answered ? { ...outside, detail: error.message } : refuse(error.code, error.message));
  }
}

const refusalOf = ({ about, detail }: FindFault, outside: Refusal): Refusal =>
  about === "upstream" ? refuse("upstream_refused", detail) : { ...outside, detail };

/** A record that says nothing of its parent is inside the one whose own list names it. Only granted parents are read. */
async function proveByList(
  served: Served,
  type: RecordType,
  named: string,
  outside: Refusal,
  authority: Authority,
  signal: AbortSignal,
): Promise<Result<Proof, Refusal>> {
  if (!isSpelled(type.identifier, named)) return err(outside);
  for (const { type: fullType, record } of authority) {
    if (record.by !== "within" || fullType !== `${served.connection.resource}.${type.name}`) continue;
    const parent = type.parents[record.type];
    const above = served.connector.types[record.type];
    if (parent?.by !== "list" || above === undefined) continue;
    const item = await itemOf(served, parent, above, { id: record.identifier, key: named }, signal);
    if (item !== undefined)
      return ok({
        ...{ id: named, version: undefined, body: item },
        parents: [{ type: record.type, identifier: record.identifier }],
      });
  }
  return err({ ...outside, detail: "no granted parent lists the record" });
}

async function itemOf(
  served: Served,
  { path, query, list, key }: Extract<ParentSpec, { by: "list" }>,
  above: RecordType,
  wanted: { readonly id: string; readonly key: string },
  signal: AbortSignal,
): Promise<Json | undefined> {
  const search = new URLSearchParams();
  for (const [name, text] of Object.entries(query)) search.set(name, printSpelled(text, { record: wanted.id }) ?? text);
  const target = `${recordPath(path, above, wanted.id)}${search.size === 0 ? "" : `?${search.toString()}`}`;
  const request = { method: "GET", target, body: undefined };
  const answer = await served.upstream.send(request, MAX_PROOF, signal);
  if (answer.status !== 200 || reflects(answer.body, served.spellings.reveal())) return undefined;
  const json = jsonOf(answer);
  const items = json.ok && json.value !== undefined ? atPointer(json.value, list) : undefined;
  return Array.isArray(items)
    ? (items as readonly Json[]).find((item) => nameText(atPointer(item, key)) === wanted.key)
    : undefined;
}

/** Answers that speak of the upstream or of our credential, never of one record. */
const NOT_OF_A_RECORD = [401, 429, 502, 503, 504];

/** The proof in the answer to a call for one record; an answer for another one proves nothing. */
export function proofIn(
  answer: UpstreamAnswer,
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
