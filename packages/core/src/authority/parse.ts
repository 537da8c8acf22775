import { actionsOf } from "../connector/actions.ts";
import type { Connector, RecordType } from "../connector/connector.ts";
import { memberSchemas } from "../connector/members.ts";
import { isSpelled, type Spelling } from "../connector/spelling.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import { readConstraint } from "./constraint.ts";
import type { AskedEntry, Authority, Constraint, Entry, Limits, Where } from "./entry.ts";

/** What is known of an entry type such as `jira-acme.issue`. */
export interface KnownType {
  /** The resource URL that its entries are for. */
  readonly location: string;
  readonly connector: Connector;
  readonly recordType: RecordType;
}

/** Finds what is known of an entry type; undefined: the type does not exist here. */
export type ConnectorLookup = (type: string) => KnownType | undefined;

/** More authority than this is not put into one token. */
export const MAX_ENTRIES = 16;

const MEMBERS = [
  "type",
  "locations",
  "identifier",
  "within",
  "alias",
  "actions",
  "fields",
  "where",
  "except",
  "limits",
];

/** Leaves a nest of readers; never leaves this file. */
class Malformed extends Error {}

const fail = (path: string, what: string): never => {
  throw new Malformed(`\`${path}\`: ${what}`);
};

/** Reads entries as grants and tokens carry them: complete, each about named records (RFC 9396 2, closed). */
export const parseAuthority = (json: Json, known: ConnectorLookup): Result<Authority, Refusal> =>
  reading(() => entriesOf(json, (entry, path) => complete(readEntry(entry, path, known, "grant"), path)));

/** Reads entries as trust policies and ceilings hold them: `identifier` may be `{any: true}`. */
export const parseHeld = (json: Json, known: ConnectorLookup): Result<Authority, Refusal> =>
  reading(() => entriesOf(json, (entry, path) => complete(readEntry(entry, path, known, "held"), path)));

/** Reads entries as they are asked for: members may be left out, and a record may be named by its alias alone. */
export const parseAsked = (json: Json, known: ConnectorLookup): Result<readonly AskedEntry[], Refusal> =>
  reading(() => entriesOf(json, (entry, path) => readEntry(entry, path, known, "asked")));

function reading<T>(read: () => T): Result<T, Refusal> {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof Malformed) return err(refuse("details_invalid", error.message));
    throw error;
  }
}

function entriesOf<T>(json: Json, read: (entry: JsonObject, path: string) => T): readonly T[] {
  if (!Array.isArray(json) || json.length === 0)
    return fail("authorization_details", "is a list with at least one entry");
  if (json.length > MAX_ENTRIES) return fail("authorization_details", `has more than ${MAX_ENTRIES} entries`);
  return (json as readonly Json[]).map((item, index) => {
    const path = `authorization_details[${index}]`;
    return isJsonObject(item) ? read(item, path) : fail(path, "is not an object");
  });
}

type Form = "grant" | "held" | "asked";

function readEntry(json: JsonObject, path: string, known: ConnectorLookup, form: Form): AskedEntry {
  for (const member of Object.keys(json))
    if (!MEMBERS.includes(member)) fail(`${path}.${member}`, "is not a member of an entry");
  const type = text(json["type"], `${path}.type`);
  const what = known(type);
  // a type without operations is only a parent: nothing of it can be granted
  if (what === undefined || actionsOf(what.recordType).length === 0)
    return fail(`${path}.type`, `\`${type}\` is not a type known here`);
  const actions =
    json["actions"] === undefined ? undefined : readActions(json["actions"], `${path}.actions`, what.recordType);
  const fields =
    json["fields"] === undefined ? undefined : readFields(json["fields"], `${path}.fields`, what.recordType);
  const where = json["where"] === undefined ? undefined : readWhere(json["where"], `${path}.where`, what.recordType);
  const except =
    json["except"] === undefined ? undefined : readExcept(json["except"], `${path}.except`, what.recordType);
  const limits = json["limits"] === undefined ? undefined : readLimits(json["limits"], `${path}.limits`);
  return {
    type,
    location: readLocation(json["locations"], `${path}.locations`, what.location, form),
    record: readRecord(json, path, what, form),
    ...(actions === undefined ? {} : { actions }),
    ...(fields === undefined ? {} : { fields }),
    ...(where === undefined ? {} : { where }),
    ...(except === undefined ? {} : { except }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Exclusions are identifiers: an alias would exclude nothing, and nobody would notice. */
const readExcept = (json: Json, path: string, type: RecordType): readonly string[] =>
  names(json, path)
    .map((name, index) => spelled(name, `${path}[${index}]`, type.identifier, "an identifier"))
    .toSorted();

function complete(entry: AskedEntry, path: string): Entry {
  const { record, actions } = entry;
  if (record.by === "alias") return fail(`${path}.identifier`, "is missing");
  if (record.by === "within_alias") return fail(`${path}.within.identifier`, "is missing");
  const stray = Object.keys(entry.where ?? {}).find((action) => actions?.includes(action) === false);
  if (stray !== undefined) fail(`${path}.where.${stray}`, "constrains an action that the entry does not have");
  return {
    type: entry.type,
    location: entry.location,
    record,
    actions: actions ?? fail(`${path}.actions`, "is missing"),
    fields: { read: entry.fields?.read ?? [], write: entry.fields?.write ?? [] },
    where: entry.where ?? {},
    except: entry.except ?? [],
    limits: entry.limits ?? {},
  };
}

function readLocation(json: Json | undefined, path: string, location: string, form: Form): string {
  if (json === undefined) return form === "grant" ? fail(path, "is missing") : location;
  if (!Array.isArray(json) || json.length !== 1 || json[0] !== location)
    return fail(path, "names exactly the one resource of this type");
  return location;
}

function readRecord(json: JsonObject, path: string, what: KnownType, form: Form): AskedEntry["record"] {
  const { identifier, within, alias } = json;
  const type = what.recordType;
  if (identifier !== undefined && within !== undefined) return fail(path, "has either `identifier` or `within`");
  const named = alias === undefined ? {} : { alias: spelled(alias, `${path}.alias`, type.alias, "an alias") };
  if (within !== undefined) {
    if (alias !== undefined) fail(`${path}.alias`, "belongs inside `within`");
    return readWithin(within, `${path}.within`, what, form);
  }
  if (isJsonObject(identifier) && form === "held") {
    const { any, ...others } = identifier;
    if (any !== true || Object.keys(others).length > 0 || alias !== undefined)
      fail(`${path}.identifier`, "is a name or `{any: true}`");
    return { by: "any" };
  }
  if (identifier === undefined) {
    if (form !== "asked" || named.alias === undefined) return fail(`${path}.identifier`, "is missing");
    return { by: "alias", alias: named.alias };
  }
  return {
    by: "identifier",
    identifier: spelled(identifier, `${path}.identifier`, type.identifier, "an identifier"),
    ...named,
  };
}

function readWithin(json: Json, path: string, what: KnownType, form: Form): AskedEntry["record"] {
  if (!isJsonObject(json)) return fail(path, "is an object with `type` and `identifier`");
  const { type: parent, identifier, alias, ...others } = json;
  if (Object.keys(others).length > 0) fail(path, "has an unknown member");
  const type = text(parent, `${path}.type`);
  const known = Object.hasOwn(what.recordType.parents, type) ? what.connector.types[type] : undefined;
  if (known === undefined) return fail(`${path}.type`, `\`${type}\` is not a parent of this type`);
  const named = alias === undefined ? undefined : spelled(alias, `${path}.alias`, known.alias, "an alias");
  if (identifier === undefined) {
    if (form !== "asked" || named === undefined) return fail(`${path}.identifier`, "is missing");
    return { by: "within_alias", type, alias: named };
  }
  return {
    by: "within",
    type,
    identifier: spelled(identifier, `${path}.identifier`, known.identifier, "an identifier"),
    ...(named === undefined ? {} : { alias: named }),
  };
}

function spelled(json: Json, path: string, spelling: Spelling | undefined, what: string): string {
  const name = text(json, path);
  return isSpelled(spelling, name) ? name : fail(path, `is not spelled as ${what} of this type`);
}

function text(json: Json | undefined, path: string): string {
  return typeof json === "string" && json !== "" && json.length <= 256
    ? json
    : fail(path, "is a text of 1 to 256 characters");
}

function names(json: Json, path: string): readonly string[] {
  if (!Array.isArray(json) || json.length > 128) return fail(path, "is a list of at most 128 names");
  const list = (json as readonly Json[]).map((item, index) => text(item, `${path}[${index}]`));
  return new Set(list).size === list.length ? list : fail(path, "repeats a name");
}

function subset(list: readonly string[], path: string, all: readonly string[], what: string): readonly string[] {
  const odd = list.find((name) => !all.includes(name));
  return odd === undefined ? list.toSorted() : fail(path, `\`${odd}\` is not ${what} of this type`);
}

function readActions(json: Json, path: string, type: RecordType): readonly string[] {
  const list = subset(names(json, path), path, actionsOf(type), "an action");
  return list.length > 0 ? list : fail(path, "is empty");
}

function readFields(
  json: Json,
  path: string,
  type: RecordType,
): { read?: readonly string[]; write?: readonly string[] } {
  if (!isJsonObject(json)) return fail(path, "is an object with `read`, `write` or both");
  const { read, write, ...others } = json;
  if (Object.keys(others).length > 0) fail(path, "has an unknown member");
  const all = Object.entries(type.fields);
  const readable = all.filter(([, field]) => field.read !== undefined).map(([name]) => name);
  const writable = all
    .filter(([, field]) => field.write !== undefined || Object.keys(field.verbs).length > 0)
    .map(([name]) => name);
  return {
    ...(read === undefined
      ? {}
      : {
          read: subset(names(read, `${path}.read`), `${path}.read`, readable, "a readable field"),
        }),
    ...(write === undefined
      ? {}
      : {
          write: subset(names(write, `${path}.write`), `${path}.write`, writable, "a writable field"),
        }),
  };
}

function readWhere(json: Json, path: string, type: RecordType): Where {
  if (!isJsonObject(json)) return fail(path, "is an object of actions");
  return mapObject(json, (pointers, action) => {
    if (!actionsOf(type).includes(action)) fail(`${path}.${action}`, "is not an action of this type");
    if (!isJsonObject(pointers)) return fail(`${path}.${action}`, "is an object of pointers");
    const schemas = memberSchemas(type, action);
    return mapObject(pointers, (constraint, pointer): Constraint => {
      const at = `${path}.${action}.${pointer}`;
      const schema =
        (Object.hasOwn(schemas, pointer) ? schemas[pointer] : undefined) ??
        fail(at, "is not a value that this action has");
      const read = readConstraint(constraint);
      if (!read.ok) return fail(at, read.error);
      if (usesExclusion(read.value) && (schema.kind !== "string" || schema.enum === undefined))
        fail(at, "`not_one_of` stands only on a closed enumeration");
      if (schema.kind === "opaque" && read.value.kind !== "exact")
        fail(at, "is not read here, so it can only be `exact`");
      return read.value;
    });
  });
}

const usesExclusion = (constraint: Constraint): boolean =>
  constraint.kind === "not_one_of" || (constraint.kind === "all" && constraint.of.some(usesExclusion));

function readLimits(json: Json, path: string): Limits {
  if (!isJsonObject(json)) return fail(path, "is an object");
  const { uses, ...others } = json;
  if (Object.keys(others).length > 0) fail(path, "has an unknown member");
  if (uses === undefined) return {};
  return typeof uses === "number" && Number.isSafeInteger(uses) && uses >= 1
    ? { uses }
    : fail(`${path}.uses`, "is a whole number from 1");
}

function mapObject<T>(json: JsonObject, map: (value: Json, name: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, map(value, name)]));
}
