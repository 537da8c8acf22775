import type { ValueSchema } from "@remit/core";

/** A shape within a shape, and the names that lead to it. */
export interface Place {
  readonly path: readonly string[];
  readonly schema: ValueSchema;
}

/** The shape and every shape in it; a named one is entered once, at the first place that names it. */
export function placesIn(
  schema: ValueSchema,
  path: readonly string[] = [],
  entered: Set<string> = new Set(),
): readonly Place[] {
  const within = (inner: ValueSchema, ...names: readonly string[]): readonly Place[] =>
    placesIn(inner, [...path, ...names], entered);
  return [{ path, schema }, ...inside()];

  function inside(): readonly Place[] {
    switch (schema.kind) {
      case "object":
        return Object.entries(schema.members).flatMap(([name, inner]) => within(inner, "members", name));
      case "array":
        return within(schema.items, "items");
      case "nullable":
        return within(schema.of, "of");
      case "map":
        return within(schema.values, "values");
      case "tagged":
        return Object.entries(schema.shapes).flatMap(([name, inner]) => within(inner, "shapes", name));
      case "ref":
        if (entered.has(schema.name)) return [];
        entered.add(schema.name);
        return within(schema.shape());
      case "string":
      case "number":
      case "integer":
      case "boolean":
      case "link":
      case "opaque":
        return [];
    }
  }
}
