import { type Description, listOf, loose, type Loose, type Members } from "./description.ts";
import type { Plain } from "./yaml-lines.ts";

type Shape = { readonly [name: string]: Plain };

const NAME = /^[A-Za-z_@$][A-Za-z0-9_@$.:-]{0,63}$/;
const MOST_MEMBERS = 120;
const DEPTH = 2;
/** Parts of parts of a schema: no description that people read nests them deeper. */
const MOST_PARTS = 32;

/** The members of an object schema, those of its parts (`allOf`) included; undefined if it is none. */
export function membersOf(description: Description, schema: unknown, depth: number = 0): Members | undefined {
  const object = depth > MOST_PARTS ? undefined : description.follow(schema);
  if (object === undefined) return undefined;
  // each schema is looked at once, also where parts name each other in a ring
  if (!description.members.has(object)) {
    description.members.set(object, undefined);
    description.members.set(object, gather(description, object, depth));
  }
  return description.members.get(object);
}

function gather(description: Description, object: Loose, depth: number): Members | undefined {
  const parts = listOf(object["allOf"]).map((part) => membersOf(description, part, depth + 1));
  const own = Object.entries(loose(object["properties"]) ?? {});
  const members = new Map<string, unknown>();
  for (const [name, inner] of [...parts.flatMap((part) => [...(part?.members ?? [])]), ...own])
    if (NAME.test(name) && name !== "__proto__" && members.size < MOST_MEMBERS) members.set(name, inner);
  if (members.size === 0) return undefined;
  const required = listOf(object["required"]).filter((name) => typeof name === "string");
  return { members, required: new Set([...parts.flatMap((part) => [...(part?.required ?? [])]), ...required]) };
}

/** A closed shape for a schema, with bounds of our own where it has none; undefined if the language has none for it. */
export function shapeOf(description: Description, schema: unknown, depth: number = 0): Shape | undefined {
  const object = description.follow(schema);
  if (object === undefined) return undefined;
  const { type, nullable } = typeOf(object);
  const one = alternatives(object);
  if (one !== undefined) {
    const of = depth > 8 ? undefined : shapeOf(description, one.of, depth + 1);
    return of === undefined ? undefined : optional(of, one.nullable || nullable);
  }
  const shape = ofType(description, type, object, depth);
  return shape === undefined ? undefined : optional(shape, nullable);
}

/** The shape in which a member is written: where several are taken, the text among them, since one spelling is enough. */
export function writtenShapeOf(description: Description, schema: unknown): Shape | undefined {
  const object = description.follow(schema);
  const { type, nullable } = typeOf(object ?? {});
  const several = object === undefined ? [] : [...listOf(object["oneOf"]), ...listOf(object["anyOf"])];
  const text = several.find((one) => description.follow(one)?.["type"] === "string");
  if (text !== undefined && several.length > 1) return shapeOf(description, text);
  if (type !== "array") return shapeOf(description, schema);
  const items = writtenShapeOf(description, object?.["items"]);
  return items === undefined ? undefined : optional({ kind: "array", items, max: 100 }, nullable);
}

const optional = (shape: Shape, nullable: boolean): Shape =>
  nullable && shape["kind"] !== "nullable" ? { kind: "nullable", of: shape } : shape;

function typeOf(schema: Loose): { readonly type: string | undefined; readonly nullable: boolean } {
  const types = (Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]]).filter(
    (type) => typeof type === "string",
  );
  const others = types.filter((type) => type !== "null");
  const told = others.length === 1 ? others[0] : undefined;
  const guessed = others.length > 0 ? undefined : schema["properties"] !== undefined || schema["allOf"] !== undefined;
  return {
    type: told ?? (guessed === true ? "object" : undefined),
    nullable: schema["nullable"] === true || types.length > others.length,
  };
}

/** `oneOf` or `anyOf` of one thing, or of one thing and null. */
function alternatives(schema: Loose): { readonly of: unknown; readonly nullable: boolean } | undefined {
  const all = [...listOf(schema["oneOf"]), ...listOf(schema["anyOf"])];
  const others = all.filter((one) => loose(one)?.["type"] !== "null");
  return others.length === 1 ? { of: others[0], nullable: others.length < all.length } : undefined;
}

function ofType(description: Description, type: string | undefined, schema: Loose, depth: number): Shape | undefined {
  switch (type) {
    case "string":
      return stringShape(schema);
    case "integer":
    case "number":
    case "boolean":
      return { kind: type };
    case "array": {
      const items = depth >= DEPTH ? undefined : shapeOf(description, schema["items"], depth + 1);
      return items === undefined ? undefined : { kind: "array", items, max: bound(schema["maxItems"], 100, 1_000) };
    }
    case "object": {
      if (depth >= DEPTH) return undefined;
      const found = membersOf(description, schema);
      const members = [...(found?.members ?? [])].flatMap(([name, inner]): [string, Shape][] => {
        const shape = leadsElsewhere(description, name, inner) ? undefined : shapeOf(description, inner, depth + 1);
        return shape === undefined ? [] : [[name, shape]];
      });
      return members.length === 0 ? undefined : { kind: "object", members: Object.fromEntries(members), required: [] };
    }
    case undefined:
    default:
      return undefined;
  }
}

function stringShape(schema: Loose): Shape {
  const values = listOf(schema["enum"]).filter((value) => typeof value === "string");
  const plain =
    values.length > 0 && values.length <= 64 && values.every((value) => /^[A-Za-z0-9 _.:/-]{1,64}$/.test(value));
  const max = schema["format"] === "date-time" ? 64 : bound(schema["maxLength"], 1_024, 65_536);
  return { kind: "string", max, ...(plain ? { enum: [...new Set(values)] } : {}) };
}

const bound = (said: unknown, standard: number, most: number): number =>
  typeof said === "number" && Number.isSafeInteger(said) && said > 0 ? Math.min(said, most) : standard;

const LINK = /(?:^|_)(?:url|uri|href|link|links|self|_links)$/i;
const FOREIGN =
  /^(?:parent|parents|children|subtasks?|links?|issuelinks|related|dependencies|blocks|blocked_by|embedded|included)$/i;

/** A member that holds an address, or a record of its own: an object with an identifier or an address in it. */
export function leadsElsewhere(description: Description, name: string, schema: unknown): "link" | "record" | undefined {
  const object = description.follow(schema);
  if (LINK.test(snakeEnd(name)) || object?.["format"] === "uri") return "link";
  if (FOREIGN.test(name)) return "record";
  const inner = description.follow(object?.["items"]) ?? object;
  const found = inner === undefined ? undefined : membersOf(description, alternatives(inner)?.of ?? inner);
  const names = [...(found?.members.keys() ?? [])];
  return names.some((member) => /^(?:id|node_id|uuid|key|self|url|href|html_url)$/i.test(member))
    ? "record"
    : undefined;
}

const snakeEnd = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2");
