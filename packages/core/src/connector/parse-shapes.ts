import type { Json } from "../json/read.ts";
import type { BodyMember, BodyNode, Field, Lookup, QueryParameter, ResponseSpec, ValueSchema } from "./connector.ts";
import { schemaAt } from "./members.ts";
import { entries, list, members, mistake, oneOf, pattern, pointer, text, whole } from "./strict.ts";

const KINDS = ["string", "number", "boolean", "array", "object", "nullable"] as const;

/** Reads the shape of a value. */
export function readSchema(json: Json | undefined, path: string): ValueSchema {
  const loose = members(json, path, [
    "kind",
    "max?",
    "min?",
    "pattern?",
    "enum?",
    "items?",
    "members?",
    "required?",
    "of?",
  ]);
  const kind = oneOf(loose["kind"], `${path}.kind`, KINDS);
  switch (kind) {
    case "string":
      return readStringSchema(json, path);
    case "number": {
      const { min, max } = members(json, path, ["kind", "min?", "max?"]);
      if ([min, max].some((bound) => bound !== undefined && typeof bound !== "number"))
        mistake(path, "has bounds that are no numbers");
      return { kind, ...(typeof min === "number" ? { min } : {}), ...(typeof max === "number" ? { max } : {}) };
    }
    case "boolean":
      members(json, path, ["kind"]);
      return { kind };
    case "array": {
      const { items, max } = members(json, path, ["kind", "items", "max"]);
      return { kind, items: readSchema(items, `${path}.items`), max: whole(max, `${path}.max`) };
    }
    case "object": {
      const { members: inner, required } = members(json, path, ["kind", "members", "required"]);
      const shapes = entries(inner, `${path}.members`, readSchema);
      const names = list(required, `${path}.required`, text);
      const odd = names.find((name) => !Object.hasOwn(shapes, name));
      return odd === undefined
        ? { kind, members: shapes, required: names }
        : mistake(`${path}.required`, `\`${odd}\` is not a member`);
    }
    case "nullable": {
      const { of } = members(json, path, ["kind", "of"]);
      return { kind, of: readSchema(of, `${path}.of`) };
    }
  }
}

function readStringSchema(json: Json | undefined, path: string): ValueSchema {
  const { max, pattern: source, enum: values } = members(json, path, ["kind", "max", "pattern?", "enum?"]);
  return {
    kind: "string",
    max: whole(max, `${path}.max`),
    ...(source === undefined ? {} : { pattern: pattern(source, `${path}.pattern`) }),
    ...(values === undefined ? {} : { enum: list(values, `${path}.enum`, text) }),
  };
}

/** Reads a field of a record. */
export function readField(json: Json, path: string): Field {
  const { title, read, write } = members(json, path, ["title", "read?", "write?"]);
  return {
    title: text(title, `${path}.title`),
    ...(read === undefined ? {} : { read: readSchema(read, `${path}.read`) }),
    ...(write === undefined ? {} : { write: readWrite(write, `${path}.write`) }),
  };
}

function readWrite(json: Json, path: string): NonNullable<Field["write"]> {
  const { schema: shape, canonical } = members(json, path, ["schema", "canonical"]);
  const schema = readSchema(shape, `${path}.schema`);
  const at = pointer(canonical, `${path}.canonical`, true);
  // a spelled value with members besides the canonical one would carry something that nobody decides on
  if (at !== "" && (schema.kind !== "object" || Object.keys(schema.members).length !== 1))
    mistake(path, "has exactly the one member that is canonical");
  schemaAt(schema, at);
  // without it the field would be written and no constraint would see with what
  if (at !== "" && schema.kind === "object" && schema.required.length !== 1)
    mistake(`${path}.schema.required`, "names the member that is canonical");
  return { schema, canonical: at };
}

/** Reads a place in a request body. */
export function readBodyNode(json: Json | undefined, path: string): BodyNode {
  const loose = members(json, path, ["kind", "members?", "schema?", "as?", "lookup?"]);
  const kind = oneOf(loose["kind"], `${path}.kind`, ["object", "fields", "value", "lookup"]);
  switch (kind) {
    case "object":
      return {
        kind,
        members: entries(members(json, path, ["kind", "members"])["members"], `${path}.members`, readBodyMember),
      };
    case "fields":
      members(json, path, ["kind"]);
      return { kind };
    case "value": {
      const { schema, as } = members(json, path, ["kind", "schema", "as"]);
      return { kind, schema: readSchema(schema, `${path}.schema`), as: pointer(as, `${path}.as`) };
    }
    case "lookup": {
      const { schema, as, lookup } = members(json, path, ["kind", "schema", "as", "lookup"]);
      return {
        kind,
        schema: readSchema(schema, `${path}.schema`),
        as: pointer(as, `${path}.as`),
        lookup: readLookup(lookup, `${path}.lookup`),
      };
    }
  }
}

function readBodyMember(json: Json, path: string): BodyMember {
  const { node, absent } = members(json, path, ["node", "absent"]);
  const { rule, value } = members(absent, `${path}.absent`, ["rule", "value?"]);
  const kind = oneOf(rule, `${path}.absent.rule`, ["refuse", "unchanged", "default"]);
  if ((kind === "default") !== (value !== undefined))
    mistake(`${path}.absent`, "has a `value` exactly if the rule is `default`");
  return {
    node: readBodyNode(node, `${path}.node`),
    absent:
      kind === "default" && value !== undefined
        ? { rule: kind, value }
        : { rule: kind === "default" ? "refuse" : kind },
  };
}

function readLookup(json: Json | undefined, path: string): Lookup {
  const lookup = members(json, path, ["path", "list", "key", "value"]);
  return {
    path: readPath(lookup["path"], `${path}.path`),
    list: pointer(lookup["list"], `${path}.list`),
    key: pointer(lookup["key"], `${path}.key`),
    value: pointer(lookup["value"], `${path}.value`),
  };
}

/** A path template: literal segments, and `{record}` as exactly one whole segment. */
export function readPath(json: Json | undefined, path: string): string {
  const template = text(json, path);
  const segments = template.split("/").slice(1);
  const fine =
    template.startsWith("/") &&
    segments.every((segment) => segment === "{record}" || /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(segment));
  if (!fine || segments.filter((segment) => segment === "{record}").length !== 1)
    return mistake(path, "is a path of plain segments with one `{record}`");
  return template;
}

/** Reads a query parameter. */
export function readQueryParameter(json: Json, path: string): QueryParameter {
  const loose = members(json, path, ["kind", "list?", "separator?", "schema?", "as?", "value?"]);
  const kind = oneOf(loose["kind"], `${path}.kind`, ["fields", "value", "ignored"]);
  switch (kind) {
    case "fields": {
      const { list: many, separator } = members(json, path, ["kind", "list", "separator"]);
      if (typeof many !== "boolean") mistake(`${path}.list`, "is true or false");
      return { kind, list: many === true, separator: oneOf(separator, `${path}.separator`, [","]) };
    }
    case "value": {
      const { schema, as } = members(json, path, ["kind", "schema", "as"]);
      return { kind, schema: readSchema(schema, `${path}.schema`), as: pointer(as, `${path}.as`) };
    }
    case "ignored":
      return {
        kind,
        value: text(members(json, path, ["kind", "value"])["value"], `${path}.value`),
      };
  }
}

function readStatus(json: Json, path: string): number {
  const status = whole(json, path);
  return status >= 200 && status <= 299 ? status : mistake(path, "is a status of success, 200 to 299");
}

/** Reads what of a response is released. */
export function readResponse(json: Json | undefined, path: string): ResponseSpec {
  const loose = members(json, path, ["kind", "status", "max?", "id?", "fields?", "keep?", "at?", "item?", "only?"]);
  const kind = oneOf(loose["kind"], `${path}.kind`, ["empty", "record", "list"]);
  const status = list(loose["status"], `${path}.status`, readStatus);
  if (status.length === 0) mistake(`${path}.status`, "names at least one status");
  switch (kind) {
    case "empty":
      members(json, path, ["kind", "status"]);
      return { kind, status };
    case "record": {
      const { max, id, fields, keep } = members(json, path, ["kind", "status", "max", "id", "fields", "keep"]);
      const kept = entries(keep, `${path}.keep`, (schema, at, name) => (pointer(name, at), readSchema(schema, at)));
      return {
        kind,
        status,
        max: whole(max, `${path}.max`),
        id: pointer(id, `${path}.id`),
        fields: pointer(fields, `${path}.fields`),
        keep: kept,
      };
    }
    case "list": {
      const { max, at, item, only } = members(json, path, ["kind", "status", "max", "at", "item", "only"]);
      const { action, member, from } = members(only, `${path}.only`, ["action", "member", "from"]);
      return {
        ...{
          kind,
          status,
          max: whole(max, `${path}.max`),
          at: pointer(at, `${path}.at`),
          item: readSchema(item, `${path}.item`),
        },
        only: {
          action: text(action, `${path}.only.action`),
          member: pointer(member, `${path}.only.member`),
          from: pointer(from, `${path}.only.from`),
        },
      };
    }
  }
}
