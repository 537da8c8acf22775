import { isJsonObject, type Json } from "../json/read.ts";
import { readSchema, type Shapes } from "./parse-schema.ts";
import type { Expected, IdentityAt, ListResponse, RecordResponse, RecordsResponse, ResponseSpec } from "./response.ts";
import type { ValueSchema } from "./schema.ts";
import { entries, list, members, mistake, oneOf, pointer, text, whole } from "./strict.ts";

const KINDS = ["empty", "record", "records", "list", "value", "bytes"] as const;
const MEMBERS = [
  ...[
    "kind",
    "status",
    "max?",
    "id?",
    "fields?",
    "keep?",
    "is?",
    "at?",
    "item?",
    "only?",
    "shape?",
    "types?",
    "next?",
    "parents?",
  ],
];

/** Reads what of a response is released. */
export function readResponse(json: Json | undefined, path: string, shapes: Shapes): ResponseSpec {
  const loose = members(json, path, MEMBERS);
  const kind = oneOf(loose["kind"], `${path}.kind`, KINDS);
  const status = list(loose["status"], `${path}.status`, readStatus);
  if (status.length === 0) mistake(`${path}.status`, "names at least one status");
  const max = kind === "empty" ? 0 : whole(loose["max"], `${path}.max`);
  switch (kind) {
    case "empty":
      members(json, path, ["kind", "status"]);
      return { kind, status };
    case "record":
      members(json, path, ["kind", "status", "max", "id", "fields", "keep", "is?"]);
      return { kind, status, max, ...readRecordParts(loose, path, shapes) };
    case "records":
      return { kind, status, max, ...readRecords(json, path, shapes) };
    case "list":
      return {
        ...{ kind, status, max, ...readList(json, path, shapes) },
        keep: readKept(loose["keep"] ?? {}, `${path}.keep`, shapes),
      };
    case "value": {
      const { at, shape, is } = members(json, path, ["kind", "status", "max", "at?", "shape", "is?"]);
      return {
        ...{ kind, status, max, at: pointer(at ?? "", `${path}.at`, true), is: readExpected(is, `${path}.is`) },
        shape: readSchema(shape, `${path}.shape`, shapes),
      };
    }
    case "bytes": {
      const types = list(members(json, path, ["kind", "status", "max", "types"])["types"], `${path}.types`, text);
      const odd = types.find((type) => !/^[a-z]+\/[a-z0-9.+-]+$/.test(type));
      return odd === undefined ? { kind, status, max, types } : mistake(`${path}.types`, `\`${odd}\` is no media type`);
    }
  }
}

function readStatus(json: Json, path: string): number {
  const status = whole(json, path);
  return status >= 200 && status <= 299 ? status : mistake(path, "is a status of success, 200 to 299");
}

type RecordParts = Pick<RecordResponse, "id" | "fields" | "keep" | "is">;

function readRecordParts(loose: { readonly [name: string]: Json }, path: string, shapes: Shapes): RecordParts {
  return {
    id: readIdentity(loose["id"], `${path}.id`),
    fields: pointer(loose["fields"], `${path}.fields`, true),
    keep: readKept(loose["keep"], `${path}.keep`, shapes),
    is: readExpected(loose["is"], `${path}.is`),
  };
}

const readKept = (json: Json | undefined, path: string, shapes: Shapes): Readonly<Record<string, ValueSchema>> =>
  entries(json, path, (schema, at, name) => (pointer(name, at), readSchema(schema, at, shapes)));

/** Where an identifier stands: one pointer, or one for each text made of its parts. */
export function readIdentity(json: Json | undefined, path: string): IdentityAt {
  if (!isJsonObject(json)) return [{ text: "{id}", at: pointer(json, path) }];
  const found = Object.entries(json).map(([made, at]) => ({ text: made, at: pointer(at, `${path}.${made}`) }));
  return found.length > 0 ? found : mistake(path, "says where the identifier is");
}

function readRecords(
  json: Json | undefined,
  path: string,
  shapes: Shapes,
): Omit<RecordsResponse, "kind" | "status" | "max"> {
  const loose = members(json, path, [
    ...["kind", "status", "max", "at", "id", "fields", "keep", "item", "parents?", "is?", "next?"],
  ]);
  return {
    ...readRecordParts(loose, path, shapes),
    at: pointer(loose["at"], `${path}.at`, true),
    item: readKept(loose["item"], `${path}.item`, shapes),
    parents: entries(loose["parents"] ?? {}, `${path}.parents`, (at, where) => pointer(at, where)),
    ...readNext(loose["next"], `${path}.next`),
  };
}

function readNext(json: Json | undefined, path: string): Pick<ListResponse, "next"> {
  if (json === undefined) return {};
  const { parameter } = members(json, path, ["parameter"]);
  return { next: { parameter: text(parameter, `${path}.parameter`) } };
}

function readList(
  json: Json | undefined,
  path: string,
  shapes: Shapes,
): Pick<ListResponse, "at" | "item" | "only" | "next"> {
  const { at, item, only, next } = members(json, path, [
    "kind",
    "status",
    "max",
    "at",
    "item",
    "keep?",
    "only?",
    "next?",
  ]);
  const read = {
    ...{ at: pointer(at, `${path}.at`, true), item: readSchema(item, `${path}.item`, shapes) },
    ...readNext(next, `${path}.next`),
  };
  if (only === undefined) return read;
  const { action, member, from } = members(only, `${path}.only`, ["action", "member", "from"]);
  return {
    ...read,
    only: {
      action: text(action, `${path}.only.action`),
      member: pointer(member, `${path}.only.member`),
      from: pointer(from, `${path}.only.from`),
    },
  };
}

/** Reads what an answer must say to be about a record of this kind. */
export function readExpected(json: Json | undefined, path: string): Expected {
  if (json === undefined) return {};
  return entries(json, path, (value, at, name) => {
    pointer(name, at);
    if (value === "absent") return value;
    return Array.isArray(value) && value.length > 0
      ? (value as readonly Json[])
      : mistake(at, "is `absent` or a list of values");
  });
}
