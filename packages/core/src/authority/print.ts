import type { Json, JsonObject } from "../json/read.ts";
import { printConstraint } from "./constraint.ts";
import type { Authority, Entry, RecordScope } from "./entry.ts";

/** Prints an authority in its one form; reading it back gives the same authority. */
export const printAuthority = (authority: Authority): Json => authority.map(printEntry);

function printEntry(entry: Entry): Json {
  const where = Object.entries(entry.where).map(([action, pointers]) => [
    action,
    Object.fromEntries(Object.entries(pointers).map(([pointer, constraint]) => [pointer, printConstraint(constraint)])),
  ]);
  return {
    type: entry.type,
    locations: [entry.location],
    ...printRecord(entry.record),
    actions: entry.actions,
    fields: { read: entry.fields.read, write: entry.fields.write },
    ...(where.length === 0 ? {} : { where: Object.fromEntries(where) }),
    ...(entry.except.length === 0 ? {} : { except: entry.except }),
    ...(entry.limits.uses === undefined ? {} : { limits: { uses: entry.limits.uses } }),
  };
}

function printRecord(record: RecordScope): JsonObject {
  if (record.by === "any") return { identifier: { any: true } };
  const alias = record.alias === undefined ? {} : { alias: record.alias };
  if (record.by === "identifier") return { identifier: record.identifier, ...alias };
  return { within: { type: record.type, identifier: record.identifier, ...alias } };
}
