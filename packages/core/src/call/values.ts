import type { ValueSchema } from "../connector/connector.ts";
import { isJsonObject, type Json } from "../json/read.ts";

/** Whether a value has exactly this shape: required members there, no others, texts within their bounds. */
export function conforms(value: Json, schema: ValueSchema): boolean {
  switch (schema.kind) {
    case "string":
      return typeof value === "string" && stringFits(value, schema);
    case "number":
      return typeof value === "number" && value >= (schema.min ?? -Infinity) && value <= (schema.max ?? Infinity);
    case "boolean":
      return typeof value === "boolean";
    case "nullable":
      return value === null || conforms(value, schema.of);
    case "array":
      return (
        Array.isArray(value) && value.length <= schema.max && value.every((item: Json) => conforms(item, schema.items))
      );
    case "object":
      return (
        isJsonObject(value) &&
        schema.required.every((name) => value[name] !== undefined) &&
        Object.entries(value).every(([name, inner]) => {
          const shape = Object.hasOwn(schema.members, name) ? schema.members[name] : undefined;
          return shape !== undefined && conforms(inner, shape);
        })
      );
  }
}

function stringFits(value: string, schema: Extract<ValueSchema, { kind: "string" }>): boolean {
  if (value.length > schema.max || (schema.enum !== undefined && !schema.enum.includes(value))) return false;
  return schema.pattern === undefined || new RegExp(`^(?:${schema.pattern})$`, "u").test(value);
}

/** The declared part of a value: other members are dropped, a value of another shape is undefined. */
export function projected(value: Json, schema: ValueSchema): Json | undefined {
  switch (schema.kind) {
    case "nullable":
      return value === null ? null : projected(value, schema.of);
    case "array": {
      if (!Array.isArray(value) || value.length > schema.max) return undefined;
      const items = value.map((item: Json) => projected(item, schema.items));
      const kept = items.filter((item) => item !== undefined);
      return kept.length === items.length ? kept : undefined;
    }
    case "object":
      return isJsonObject(value) ? projectedMembers(value, schema) : undefined;
    case "string":
    case "number":
    case "boolean":
      return conforms(value, schema) ? value : undefined;
  }
}

function projectedMembers(
  value: { readonly [name: string]: Json },
  schema: Extract<ValueSchema, { kind: "object" }>,
): Json | undefined {
  const kept: Record<string, Json> = {};
  for (const [name, shape] of Object.entries(schema.members)) {
    const member = value[name];
    if (member === undefined) {
      if (schema.required.includes(name)) return undefined;
      continue;
    }
    const inner = projected(member, shape);
    if (inner === undefined) return undefined;
    kept[name] = inner;
  }
  return kept;
}
