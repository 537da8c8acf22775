import { proven } from "../authority/inside.ts";
import { permits } from "../authority/permits.ts";
import type { RecordsResponse } from "../connector/response.ts";
import { readSpelled } from "../connector/spelling.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import type { Refusal } from "../refusal.ts";
import { ok, type Result } from "../result.ts";
import { identifierIn, isExpected, parentsOf } from "./identity.ts";
import type { Named } from "./named.ts";
import { oddAnswer, placed, projectFields, type Projection, withKept } from "./project-fields.ts";

/**
 * Projects a list of records: each is judged as if it had been asked for by itself, under the one entry for the list.
 * What is excluded, elsewhere or of another kind is left out, and nothing says how many there were.
 */
export function projectRecords(
  body: Json | undefined,
  spec: RecordsResponse,
  projection: Projection,
): Result<Json, Refusal> {
  const list = body === undefined ? undefined : atPointer(body, spec.at);
  if (!Array.isArray(list)) return oddAnswer("the answer holds no list");
  const items: Json[] = [];
  for (const item of list as readonly Json[]) {
    if (!isJsonObject(item) || !isGranted(item, spec, projection)) continue;
    const { named, entry, links } = projection;
    const kept = projectFields(item, spec.fields, spec.item, { named, entry, links });
    if (!kept.ok) return kept;
    items.push(kept.value);
  }
  return ok(withKept(placed(spec.at, items), body, spec.keep, projection.links));
}

function isGranted(item: Json, spec: RecordsResponse, { named, pinnedId, entry }: Projection): boolean {
  const { type } = named.routed;
  if (!isExpected(item, spec.is)) return false;
  const id = identifierIn(item, type, spec.id, partsFromParent(named, pinnedId));
  if (id === undefined) return false;
  return permits([entry], proven(alone(named, id), { id, parents: parentsOf(type, id, item, spec.parents) })).ok;
}

/** The parts of an item's identifier that its parent's identifier says. */
function partsFromParent(
  { routed: { type, spec, connector } }: Named,
  parentId: string,
): Readonly<Record<string, string>> {
  const parent = type.parents[spec.listOf ?? ""];
  const above = connector.types[spec.listOf ?? ""];
  if (parent?.by !== "part" || above === undefined) return {};
  const [value] = Object.values(readSpelled(above.identifier, parentId) ?? {});
  return value === undefined ? {} : { [parent.part]: value };
}

/** The call for one of the listed records. */
const alone = ({ operation }: Named, id: string): Named["operation"] => ({
  ...operation,
  records: operation.records.map(({ listed: _listed, ...record }) => ({ ...record, named: id })),
});
