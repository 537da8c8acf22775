import type { ValueSchema } from "../connector/schema.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import type { Permitting } from "./propose.ts";

/** A constraint takes no more values than these. */
const MAX_VALUES = 64;

/** All values that calls have at a pointer; undefined where a constraint on them would refuse a call, or is not wanted. */
export function valuesOf(
  calls: readonly Permitting[],
  pointer: string,
  schema: ValueSchema,
): readonly Json[] | undefined {
  const found = new Map<string, Json>();
  for (const { named } of calls) {
    const { members, fieldPointers, write } = named.operation;
    const value = members[pointer];
    if (value === undefined) {
      // a field that is left alone needs no value
      if (fieldPointers.includes(pointer) && !write.includes(pointer.split("/")[1] ?? "")) continue;
      return undefined;
    }
    const lookedUp = named.lookups.find(({ as }) => as === pointer);
    const known = lookedUp === undefined ? isClosed(schema) : value !== `unknown:${lookedUp.key}`;
    if (!known) return undefined;
    found.set(canonicalJson(value), value);
  }
  return found.size === 0 || found.size > MAX_VALUES ? undefined : [...found.values()];
}

/** Whether the connector lists every value of this shape. */
const isClosed = (schema: ValueSchema): boolean =>
  schema.kind === "nullable"
    ? isClosed(schema.of)
    : schema.kind === "boolean" || (schema.kind === "string" && schema.enum !== undefined);
