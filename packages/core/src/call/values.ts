import type { ObjectSchema, ValueSchema } from "../connector/schema.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";

/** Whether a value has exactly this shape: required members there, no others, texts within their bounds. */
export function conforms(value: Json, schema: ValueSchema): boolean {
  switch (schema.kind) {
    case "string":
      return typeof value === "string" && stringFits(value, schema);
    case "link":
      return typeof value === "string";
    case "number":
    case "integer":
      return (
        typeof value === "number" &&
        value >= (schema.min ?? -Infinity) &&
        value <= (schema.max ?? Infinity) &&
        (schema.kind === "number" || Number.isSafeInteger(value))
      );
    case "boolean":
      return typeof value === "boolean";
    case "opaque":
      return true;
    case "nullable":
      return value === null || conforms(value, schema.of);
    case "ref":
      return conforms(value, schema.shape());
    case "array":
      return (
        Array.isArray(value) && value.length <= schema.max && value.every((item: Json) => conforms(item, schema.items))
      );
    case "object":
      return isJsonObject(value) && objectConforms(Object.entries(value), schema);
    case "map":
      return (
        isJsonObject(value) &&
        Object.keys(value).length <= schema.max &&
        Object.entries(value).every(([name, inner]) => spelledAs(schema.keys, name) && conforms(inner, schema.values))
      );
    case "tagged": {
      const shape = shapeOf(value, schema);
      const others = isJsonObject(value) ? Object.entries(value).filter(([name]) => name !== schema.by) : [];
      return shape !== undefined && objectConforms(others, shape);
    }
  }
}

function objectConforms(members: readonly (readonly [string, Json])[], schema: ObjectSchema): boolean {
  return (
    schema.required.every((name) => members.some(([member]) => member === name)) &&
    members.every(([name, inner]) => {
      const shape = Object.hasOwn(schema.members, name) ? schema.members[name] : undefined;
      return shape !== undefined && conforms(inner, shape);
    })
  );
}

/** The shape that a tagged value says that it has. */
function shapeOf(value: Json, { by, shapes }: Extract<ValueSchema, { kind: "tagged" }>): ObjectSchema | undefined {
  const tag = isJsonObject(value) ? value[by] : undefined;
  return typeof tag === "string" && Object.hasOwn(shapes, tag) ? shapes[tag] : undefined;
}

/** Whether a tagged value says that it has a shape which is none of these. */
const isOther = (value: Json, schema: Extract<ValueSchema, { kind: "tagged" }>): boolean =>
  isJsonObject(value) && typeof value[schema.by] === "string" && shapeOf(value, schema) === undefined;

const expressions = new Map<string, RegExp>();
const MAX_EXPRESSIONS = 4_096;

function spelledAs(pattern: string, text: string): boolean {
  let expression = expressions.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(`^(?:${pattern})$`, "u");
    if (expressions.size >= MAX_EXPRESSIONS) expressions.clear();
    expressions.set(pattern, expression);
  }
  return expression.test(text);
}

function stringFits(value: string, schema: Extract<ValueSchema, { kind: "string" }>): boolean {
  if (value.length > schema.max || (schema.enum !== undefined && !schema.enum.includes(value))) return false;
  if (schema.never?.some((text) => value.includes(text)) === true) return false;
  return schema.pattern === undefined || spelledAs(schema.pattern, value);
}

/** What a URL of the upstream is to the caller; undefined: nothing. */
export type RewriteLink = (url: string) => string | undefined;

const noLinks: RewriteLink = () => undefined;

/** The declared part of a value: other members are dropped, a value of another shape is undefined. */
export function projected(value: Json, schema: ValueSchema, links: RewriteLink = noLinks): Json | undefined {
  switch (schema.kind) {
    case "nullable":
      return value === null ? null : projected(value, schema.of, links);
    case "ref":
      return projected(value, schema.shape(), links);
    case "array":
      return projectedItems(value, schema, links);
    case "object":
      return isJsonObject(value) ? projectedMembers(value, schema, links) : undefined;
    case "map":
      return isJsonObject(value) ? projectedMap(value, schema, links) : undefined;
    case "tagged": {
      const shape = shapeOf(value, schema);
      if (shape === undefined || !isJsonObject(value)) return undefined;
      return projectedMembers(value, shape, links, { [schema.by]: value[schema.by] ?? null });
    }
    case "link":
      // left out like a member that is not declared, rather than a fault of the whole
      return typeof value === "string" ? (links(value) ?? null) : undefined;
    case "string":
    case "number":
    case "integer":
    case "boolean":
    case "opaque":
      return conforms(value, schema) ? value : undefined;
  }
}

function projectedItems(
  value: Json,
  { items, max }: Extract<ValueSchema, { kind: "array" }>,
  links: RewriteLink,
): Json | undefined {
  if (!Array.isArray(value) || value.length > max) return undefined;
  const kept: Json[] = [];
  const shape = items.kind === "ref" ? items.shape() : items;
  for (const item of value as readonly Json[]) {
    if (shape.kind === "tagged" && shape.others === "left_out" && isOther(item, shape)) continue;
    const inner = projected(item, items, links);
    if (inner === undefined) return undefined;
    kept.push(inner);
  }
  return kept;
}

function projectedMap(
  value: JsonObject,
  { keys, values, max }: Extract<ValueSchema, { kind: "map" }>,
  links: RewriteLink,
): Json | undefined {
  const members = Object.entries(value);
  if (members.length > max) return undefined;
  const kept: Record<string, Json> = {};
  for (const [name, member] of members) {
    const inner = spelledAs(keys, name) ? projected(member, values, links) : undefined;
    if (inner === undefined) return undefined;
    kept[name] = inner;
  }
  return kept;
}

interface Member {
  readonly name: string;
  readonly shape: ValueSchema;
  readonly required: boolean;
}

const listed = new WeakMap<ObjectSchema, readonly Member[]>();

/** The members of a shape, listed once: a document has hundreds of objects of few shapes. */
function membersOf(schema: ObjectSchema): readonly Member[] {
  const known = listed.get(schema);
  if (known !== undefined) return known;
  const { members, required } = schema;
  const all = Object.entries(members).map(([name, shape]) => ({ name, shape, required: required.includes(name) }));
  listed.set(schema, all);
  return all;
}

function projectedMembers(
  value: JsonObject,
  schema: ObjectSchema,
  links: RewriteLink,
  kept: Record<string, Json> = {},
): JsonObject | undefined {
  for (const { name, shape, required } of membersOf(schema)) {
    const member = value[name];
    if (member === undefined) {
      if (required) return undefined;
      continue;
    }
    const inner = projected(member, shape, links);
    if (inner === undefined) return undefined;
    kept[name] = inner;
  }
  return kept;
}
