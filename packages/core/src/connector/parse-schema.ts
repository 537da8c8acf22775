import type { Json } from "../json/read.ts";
import type { ObjectSchema, ValueSchema } from "./schema.ts";
import { entries, list, members, mistake, oneOf, pattern, text, whole } from "./strict.ts";

const KINDS = [
  ...(["string", "number", "integer", "boolean", "array", "object", "map", "nullable", "link", "ref"] as const),
  ...(["tagged", "opaque"] as const),
];
const MEMBERS = [
  "kind",
  "max?",
  "min?",
  "pattern?",
  "enum?",
  "never?",
  "items?",
  "members?",
  "required?",
  "of?",
  "keys?",
];

/** The named shapes of a connector, and which of them were spoken of. */
export interface Shapes {
  readonly known: Map<string, ValueSchema>;
  readonly named: { readonly name: string; readonly path: string }[];
}

export const noShapes = (): Shapes => ({ known: new Map(), named: [] });

/** Reads the shape of a value. */
export function readSchema(json: Json | undefined, path: string, shapes: Shapes): ValueSchema {
  const loose = members(json, path, [...MEMBERS, "values?", "name?", "by?", "shapes?", "others?"]);
  const kind = oneOf(loose["kind"], `${path}.kind`, KINDS);
  switch (kind) {
    case "string":
      return readStringSchema(json, path);
    case "number":
    case "integer":
      return { kind, ...readBounds(json, path) };
    case "boolean":
    case "link":
    case "opaque":
      members(json, path, ["kind"]);
      return { kind };
    case "array": {
      const { items, max } = members(json, path, ["kind", "items", "max"]);
      return { kind, items: readSchema(items, `${path}.items`, shapes), max: whole(max, `${path}.max`) };
    }
    case "object":
      return readObjectSchema(json, path, shapes);
    case "map": {
      const { keys, values, max } = members(json, path, ["kind", "keys", "values", "max"]);
      return {
        ...{ kind, keys: pattern(keys, `${path}.keys`), max: whole(max, `${path}.max`) },
        values: readSchema(values, `${path}.values`, shapes),
      };
    }
    case "nullable": {
      const { of } = members(json, path, ["kind", "of"]);
      return { kind, of: readSchema(of, `${path}.of`, shapes) };
    }
    case "ref":
      return readRef(json, path, shapes);
    case "tagged":
      return readTagged(json, path, shapes);
  }
}

function readBounds(json: Json | undefined, path: string): { readonly min?: number; readonly max?: number } {
  const { min, max } = members(json, path, ["kind", "min?", "max?"]);
  if ([min, max].some((bound) => bound !== undefined && typeof bound !== "number"))
    mistake(path, "has bounds that are no numbers");
  return { ...(typeof min === "number" ? { min } : {}), ...(typeof max === "number" ? { max } : {}) };
}

function readStringSchema(json: Json | undefined, path: string): ValueSchema {
  const {
    max,
    pattern: source,
    enum: values,
    never,
  } = members(json, path, ["kind", "max", "pattern?", "enum?", "never?"]);
  return {
    kind: "string",
    max: whole(max, `${path}.max`),
    ...(source === undefined ? {} : { pattern: pattern(source, `${path}.pattern`) }),
    ...(values === undefined ? {} : { enum: list(values, `${path}.enum`, text) }),
    ...(never === undefined ? {} : { never: list(never, `${path}.never`, text) }),
  };
}

function readObjectSchema(json: Json | undefined, path: string, shapes: Shapes): ObjectSchema {
  const { members: inner, required } = members(json, path, ["kind", "members", "required"]);
  const known = entries(inner, `${path}.members`, (member, at) => readSchema(member, at, shapes));
  const names = list(required, `${path}.required`, text);
  const odd = names.find((name) => !Object.hasOwn(known, name));
  return odd === undefined
    ? { kind: "object", members: known, required: names }
    : mistake(`${path}.required`, `\`${odd}\` is not a member`);
}

function readRef(json: Json | undefined, path: string, { known, named }: Shapes): ValueSchema {
  const name = text(members(json, path, ["kind", "name"])["name"], `${path}.name`);
  named.push({ name, path });
  const shape = (): ValueSchema => known.get(name) ?? mistake(path, `\`${name}\` is not a shape of this connector`);
  return { kind: "ref", name, shape };
}

function readTagged(json: Json | undefined, path: string, shapes: Shapes): ValueSchema {
  const loose = members(json, path, ["kind", "by", "shapes", "others?"]);
  const by = text(loose["by"], `${path}.by`);
  const read = entries(loose["shapes"], `${path}.shapes`, (shape, at) => {
    const schema = readObjectSchema(shape, at, shapes);
    if (Object.hasOwn(schema.members, by)) mistake(at, `says \`${by}\` itself, which its own name says`);
    return schema;
  });
  const { others } = loose;
  const left = others === undefined ? {} : { others: oneOf(others, `${path}.others`, ["left_out"]) };
  return { kind: "tagged", by, shapes: read, ...left };
}

/** Reads the named shapes of a connector. */
export function readShapes(json: Json | undefined, path: string): Shapes {
  const shapes = noShapes();
  if (json === undefined) return shapes;
  const read = entries(json, path, (shape, at) => readSchema(shape, at, shapes));
  for (const [name, shape] of Object.entries(read)) {
    // a name for a name would have no end
    if (shape.kind === "ref" || (shape.kind === "nullable" && shape.of.kind === "ref"))
      mistake(`${path}.${name}`, "is a shape of its own, not a name");
    shapes.known.set(name, shape);
  }
  return shapes;
}

/** Every name that was spoken of is a shape. */
export function checkShapes({ known, named }: Shapes): void {
  const odd = named.find(({ name }) => !known.has(name));
  if (odd !== undefined) mistake(odd.path, `\`${odd.name}\` is not a shape of this connector`);
}
