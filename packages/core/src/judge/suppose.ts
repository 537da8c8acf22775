import { printConstraint } from "../authority/constraint.ts";
import type { AskedEntry, Authority, Entry, RecordScope } from "../authority/entry.ts";
import type { RecordType } from "../connector/connector.ts";
import { isSpelled } from "../connector/spelling.ts";
import type { Json, JsonObject } from "../json/read.ts";

/**
 * An entry as it would be once it is granted, where the identifier behind an alias is not known yet: the alias stands in
 * its place. Good to judge by, never to send. Undefined: the entry names no actions.
 */
export function supposeNamed(asked: AskedEntry): Entry | undefined {
  const { type, location, record, actions, fields, where, except, limits } = asked;
  if (actions === undefined) return undefined;
  return {
    ...{ type, location, actions, record: supposed(record) },
    fields: { read: fields?.read ?? [], write: fields?.write ?? [] },
    where: where ?? {},
    except: except ?? [],
    limits: limits ?? {},
  };
}

function supposed(record: AskedEntry["record"]): RecordScope {
  if (record.by === "alias") return { by: "identifier", identifier: record.alias, alias: record.alias };
  if (record.by !== "within_alias") return record;
  return { by: "within", type: record.type, identifier: record.alias, alias: record.alias };
}

/** A record by the one name that is known of it. */
export const namedRecord = (type: RecordType | undefined, name: string): { identifier: string; alias?: string } =>
  type !== undefined && isSpelled(type.identifier, name) ? { identifier: name } : { identifier: name, alias: name };

/** Prints entries as they are asked for: without what the gateway says, and by the alias where nothing else is known. */
export const printAsked = (authority: Authority): Json => authority.map(printEntry);

function printEntry({ type, record, actions, fields, where, except, limits }: Entry): JsonObject {
  const { read, write } = fields;
  const constraints = Object.entries(where).map(([action, pointers]) => [
    action,
    Object.fromEntries(Object.entries(pointers).map(([pointer, one]) => [pointer, printConstraint(one)])),
  ]);
  return {
    type,
    ...printRecord(record),
    actions,
    ...(read.length + write.length === 0
      ? {}
      : { fields: { ...(read.length === 0 ? {} : { read }), ...(write.length === 0 ? {} : { write }) } }),
    ...(constraints.length === 0 ? {} : { where: Object.fromEntries(constraints) }),
    ...(except.length === 0 ? {} : { except }),
    ...(limits.uses === undefined ? {} : { limits: { uses: limits.uses } }),
  };
}

function printRecord(record: RecordScope): JsonObject {
  if (record.by === "any") return { identifier: { any: true } };
  const { identifier, alias } = record;
  const names = {
    ...(identifier === alias ? {} : { identifier }),
    ...(alias === undefined ? {} : { alias }),
  };
  return record.by === "within" ? { within: { type: record.type, ...names } } : names;
}
