import type { Authority, Entry } from "../authority/entry.ts";
import type { RecordResponse } from "../connector/response.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { Named } from "./named.ts";
import { fieldsToRead } from "./rebuild.ts";
import { projected, type RewriteLink } from "./values.ts";

/** Under which authority an answer is projected. */
export interface Projection {
  readonly named: Named;
  readonly pinnedId: string;
  readonly entry: Entry;
  readonly authority: Authority;
  /** The request carried a condition of our own. */
  readonly conditional?: boolean;
  /** What URLs of the upstream are to the caller. */
  readonly links?: RewriteLink;
}

/** An answer of another form than the connector declares. */
export const oddAnswer = (detail: string): Result<never, Refusal> => err(refuse("upstream_failed", detail));

/** The granted fields of one record, with what is released beside them. */
export function projectFields(
  record: JsonObject,
  at: string,
  keep: RecordResponse["keep"],
  { named, entry, links }: Pick<Projection, "named" | "entry"> & { readonly links?: RewriteLink | undefined },
): Result<JsonObject, Refusal> {
  const fields = atPointer(record, at);
  if (fields !== undefined && !isJsonObject(fields)) return oddAnswer("the answer's fields are not an object");
  const released: Record<string, Json> = {};
  for (const [pointer, schema] of Object.entries(keep)) {
    const value = atPointer(record, pointer);
    const kept = value === undefined ? undefined : projected(value, schema, links);
    if (kept !== undefined) put(released, pointer, kept);
  }
  const beside = at === "" ? undefined : atPointer(released, at);
  const granted: Record<string, Json> = at === "" ? released : isJsonObject(beside) ? { ...beside } : {};
  for (const name of fieldsToRead(named, entry)) {
    const { read: schema, at: place = "" } = named.routed.type.fields[name] ?? {};
    const value = fields === undefined ? undefined : atPointer(fields, place);
    if (schema === undefined || value === undefined || !entry.fields.read.includes(name)) continue;
    const inner = projected(value, schema, links);
    if (inner === undefined) return oddAnswer(`field \`${name}\` is of another form than declared`);
    put(granted, place, inner);
  }
  if (at !== "") put(released, at, granted);
  return ok(released);
}

/** What is released of an answer, with what is kept of it besides. */
export function withKept(
  released: Json,
  answer: Json | undefined,
  keep: RecordResponse["keep"],
  links: RewriteLink | undefined,
): Json {
  if (!isJsonObject(released) || answer === undefined) return released;
  const beside: Record<string, Json> = { ...released };
  for (const [pointer, schema] of Object.entries(keep)) {
    const value = atPointer(answer, pointer);
    const kept = value === undefined ? undefined : projected(value, schema, links);
    if (kept !== undefined) put(beside, pointer, kept);
  }
  return beside;
}

/** A value at its place in an object that holds nothing else. */
export function placed(pointer: string, value: Json): Json {
  if (pointer === "") return value;
  const released: Record<string, Json> = {};
  put(released, pointer, value);
  return released;
}

/** Puts a value at a pointer, with the objects on the way to it. */
export function put(into: Record<string, Json>, pointer: string, value: Json): void {
  const [, name = "", ...rest] = pointer.split("/");
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const before = into[name];
  const inner: Record<string, Json> = isJsonObject(before) ? { ...before } : {};
  put(inner, `/${rest.join("/")}`, value);
  into[name] = inner;
}
