import type { Authority, Entry } from "../authority/entry.ts";
import { permits } from "../authority/permits.ts";
import type { ResponseSpec } from "../connector/connector.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import type { Operation } from "../operation.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { Named } from "./name-operation.ts";
import { fieldsToRead } from "./rebuild.ts";
import { projected } from "./values.ts";

/** What is released of a good upstream answer. */
export interface Released {
  readonly status: number;
  readonly body: Json | undefined;
}

/** Under which authority an answer is projected. */
export interface Projection {
  readonly named: Named;
  readonly pinnedId: string;
  readonly entry: Entry;
  readonly authority: Authority;
  /** The request carried a condition of our own. */
  readonly conditional?: boolean;
}

/** Projects a good answer on to what is granted. An answer for another record, or of another form, is withheld. */
export function project(status: number, body: Json | undefined, projection: Projection): Result<Released, Refusal> {
  const spec = projection.named.routed.spec.response;
  switch (spec.kind) {
    case "empty":
      return ok({ status, body: undefined });
    case "record":
      return projectRecord(status, body, spec, projection);
    case "list":
      return projectList(status, body, spec, projection);
  }
}

const odd = (detail: string): Result<never, Refusal> => err(refuse("upstream_failed", detail));

function projectRecord(
  status: number,
  body: Json | undefined,
  spec: Extract<ResponseSpec, { kind: "record" }>,
  { named, pinnedId, entry }: Projection,
): Result<Released, Refusal> {
  if (!isJsonObject(body)) return odd("the answer is not an object");
  if (atPointer(body, spec.id) !== pinnedId)
    return err(refuse("record_mismatch", "the answer is about another record"));
  const fields = atPointer(body, spec.fields);
  if (fields !== undefined && !isJsonObject(fields)) return odd("the answer's fields are not an object");
  const released: Record<string, Json> = {};
  for (const [pointer, schema] of Object.entries(spec.keep)) {
    const value = atPointer(body, pointer);
    const kept = value === undefined ? undefined : projected(value, schema);
    if (kept !== undefined) put(released, pointer, kept);
  }
  const kept: Record<string, Json> = {};
  for (const name of fieldsToRead(named, entry)) {
    const schema = named.routed.type.fields[name]?.read;
    const value = fields?.[name];
    if (schema === undefined || value === undefined || !entry.fields.read.includes(name)) continue;
    const inner = projected(value, schema);
    if (inner === undefined) return odd(`field \`${name}\` is of another form than declared`);
    kept[name] = inner;
  }
  put(released, spec.fields, kept);
  return ok({ status, body: released });
}

function projectList(
  status: number,
  body: Json | undefined,
  spec: Extract<ResponseSpec, { kind: "list" }>,
  { named, authority }: Projection,
): Result<Released, Refusal> {
  const list = isJsonObject(body) ? atPointer(body, spec.at) : undefined;
  if (!Array.isArray(list)) return odd("the answer holds no list");
  const kept = (list as readonly Json[]).flatMap((item): readonly Json[] => {
    const value = atPointer(item, spec.only.from);
    if (value === undefined || !permits(authority, asked(named.operation, spec, value)).ok) return [];
    const inner = projected(item, spec.item);
    return inner === undefined ? [] : [inner];
  });
  const released: Record<string, Json> = {};
  put(released, spec.at, kept);
  return ok({ status, body: released });
}

/** The operation that an item of a list stands for: it is shown only if that operation is permitted. */
function asked(operation: Operation, spec: Extract<ResponseSpec, { kind: "list" }>, value: Json): Operation {
  return {
    ...operation,
    records: operation.records.map((record) => ({ ...record, action: spec.only.action })),
    members: { ...operation.members, [spec.only.member]: value },
  };
}

function put(into: Record<string, Json>, pointer: string, value: Json): void {
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

/** An upstream error as a code: nothing of its text is passed on, except the names of granted fields that it complains about. */
export function mapUpstreamError(
  status: number,
  body: Json | undefined,
  entry: Entry,
): { readonly status: number; readonly body: JsonObject } {
  const known: Readonly<Record<number, string>> = {
    400: "rejected",
    404: "not_found",
    409: "conflict",
    412: "precondition_failed",
    422: "rejected",
    429: "rate_limited",
  };
  const code = known[status] ?? "upstream_refused";
  const complaints = isJsonObject(body) && isJsonObject(body["errors"]) ? Object.keys(body["errors"]) : [];
  const fields = complaints.filter((name) => entry.fields.read.includes(name) || entry.fields.write.includes(name));
  const outward = known[status] === undefined ? 502 : status;
  return { status: outward, body: { error: "upstream", upstream: { status, code, fields } } };
}
