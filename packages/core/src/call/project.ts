import { permits } from "../authority/permits.ts";
import type { ListResponse, RecordResponse, ResponseSpec } from "../connector/response.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import type { Operation } from "../operation.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import { isAbout, isExpected } from "./identity.ts";
import { oddAnswer, placed, projectFields, type Projection, withKept } from "./project-fields.ts";
import { projectRecords } from "./project-records.ts";
import { projected } from "./values.ts";

/** What is released of a good upstream answer. */
export interface Released {
  readonly status: number;
  readonly body: Json | undefined;
}

/** Projects a good answer on to what is granted. An answer for another record, or of another form, is withheld. */
export function project(status: number, body: Json | undefined, projection: Projection): Result<Released, Refusal> {
  const spec = projection.named.routed.spec.response;
  const released = (found: Result<Json, Refusal>): Result<Released, Refusal> =>
    found.ok ? ok({ status, body: found.value }) : found;
  switch (spec.kind) {
    case "empty":
    case "bytes":
      return ok({ status, body: undefined });
    case "record":
      return released(projectRecord(body, spec, projection));
    case "records":
      return released(projectRecords(body, spec, projection));
    case "list":
      return released(projectList(body, spec, projection));
    case "value":
      return released(projectValue(body, spec, projection));
  }
}

const otherRecord = err(refuse("record_mismatch", "the answer is about another record"));

function projectRecord(
  body: Json | undefined,
  spec: RecordResponse,
  { named, pinnedId, entry, links }: Projection,
): Result<Json, Refusal> {
  if (!isJsonObject(body)) return oddAnswer("the answer is not an object");
  if (!isAbout(body, named.routed.type, spec.id, pinnedId) || !isExpected(body, spec.is)) return otherRecord;
  return projectFields(body, spec.fields, spec.keep, { named, entry, links });
}

function projectList(
  body: Json | undefined,
  spec: ListResponse,
  { named, authority, links }: Projection,
): Result<Json, Refusal> {
  const list = body === undefined ? undefined : atPointer(body, spec.at);
  if (!Array.isArray(list)) return oddAnswer("the answer holds no list");
  const kept = (list as readonly Json[]).flatMap((item): readonly Json[] => {
    if (spec.only !== undefined) {
      const value = atPointer(item, spec.only.from);
      if (value === undefined || !permits(authority, asked(named.operation, spec.only, value)).ok) return [];
    }
    const inner = projected(item, spec.item, links);
    return inner === undefined ? [] : [inner];
  });
  return ok(withKept(placed(spec.at, kept), body, spec.keep, links));
}

/** The operation that an item of a list stands for: it is shown only if that operation is permitted. */
function asked(operation: Operation, only: NonNullable<ListResponse["only"]>, value: Json): Operation {
  return {
    ...operation,
    records: operation.records.map((record) => ({ ...record, action: only.action })),
    members: { ...operation.members, [only.member]: value },
  };
}

function projectValue(
  body: Json | undefined,
  spec: Extract<ResponseSpec, { kind: "value" }>,
  { links }: Projection,
): Result<Json, Refusal> {
  const value = body === undefined ? undefined : atPointer(body, spec.at);
  if (value === undefined) return oddAnswer("the answer does not hold what is declared");
  if (body !== undefined && !isExpected(body, spec.is)) return otherRecord;
  const kept = projected(value, spec.shape, links);
  return kept === undefined ? oddAnswer("the answer is of another form than declared") : ok(placed(spec.at, kept));
}
