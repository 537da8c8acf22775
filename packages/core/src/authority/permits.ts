import type { Operation, OperationRecord } from "../operation.ts";
import { type Refusal, type RefusalCode, refuse, type Sufficient } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import { satisfies } from "./constraint.ts";
import type { Authority, Entry } from "./entry.ts";

/** A permitted call: for each record role, the index of the one entry that permits all of it. */
export interface Permitted {
  readonly entries: readonly number[];
}

/**
 * Whether one entry alone permits the whole call, for each of its record roles. The refusal speaks of the request's own
 * bytes only, so it says the same whether or not an ungranted record exists.
 */
export function permits(authority: Authority, operation: Operation): Result<Permitted, Refusal> {
  const entries: number[] = [];
  const [own] = operation.records;
  if (own?.role !== "record") return err(refuse("operation_unknown", "the operation is about no record of its own"));
  for (const record of operation.records) {
    const objections = authority.map((entry) => objection(entry, operation, record));
    const index = objections.indexOf(undefined);
    if (index === -1)
      return err(
        refusalOf(
          objections.filter((found) => found !== undefined),
          operation,
          record,
        ),
      );
    entries.push(index);
  }
  return ok({ entries });
}

interface Objection {
  readonly code: RefusalCode;
  readonly over: Readonly<Record<string, readonly string[]>>;
}

/** How far an entry got before it said no; the closest one speaks for all. */
const ORDER: readonly RefusalCode[] = [
  "record_not_granted",
  "operation_not_granted",
  "field_not_granted",
  "value_not_granted",
];

function objection(entry: Entry, operation: Operation, record: OperationRecord): Objection | undefined {
  if (entry.type !== record.type || entry.location !== operation.location || !covers(entry, record)) {
    return { code: "record_not_granted", over: { record: [record.named] } };
  }
  const actions = [record.action, ...(record.also ?? [])];
  const missing = actions.filter((action) => !entry.actions.includes(action));
  if (missing.length > 0) return { code: "operation_not_granted", over: { actions: missing } };
  const values = valueObjection(entry, operation, actions);
  return record.role === "record" ? (fieldObjection(entry, operation) ?? values) : values;
}

function covers(entry: Entry, record: OperationRecord): boolean {
  const scope = entry.record;
  // what is excluded, or named by itself, is looked at record by record: a list needs all that the parent holds
  if (record.listed !== undefined)
    return (
      scope.by === "within" &&
      scope.type === record.listed &&
      (scope.identifier === record.named || (scope.alias !== undefined && scope.alias === record.named))
    );
  if (scope.by === "identifier") {
    if (entry.except.includes(scope.identifier)) return false;
    return record.named === scope.identifier || (scope.alias !== undefined && record.named === scope.alias);
  }
  // exclusions speak of identifiers, so a record whose identifier is not proven may be an excluded one
  if (entry.except.length > 0 && (record.identifier === undefined || entry.except.includes(record.identifier)))
    return false;
  if (scope.by === "any") return true;
  return record.parents.some((parent) => parent.type === scope.type && parent.identifier === scope.identifier);
}

function fieldObjection(entry: Entry, operation: Operation): Objection | undefined {
  const read = operation.read.filter((name) => !entry.fields.read.includes(name));
  const write = operation.write.filter((name) => !entry.fields.write.includes(name));
  if (read.length === 0 && write.length === 0) return undefined;
  return {
    code: "field_not_granted",
    over: {
      ...(read.length === 0 ? {} : { "fields.read": read }),
      ...(write.length === 0 ? {} : { "fields.write": write }),
    },
  };
}

/** A constraint on a field binds when that field is written; a constraint on anything else needs the value to be there. */
function valueObjection(entry: Entry, operation: Operation, actions: readonly string[]): Objection | undefined {
  const over = new Set<string>();
  for (const action of actions) {
    for (const [pointer, constraint] of Object.entries(entry.where[action] ?? {})) {
      const value = operation.members[pointer];
      const field = pointer.split("/")[1] ?? "";
      const absentField =
        value === undefined && operation.fieldPointers.includes(pointer) && !operation.write.includes(field);
      if (!absentField && (value === undefined || !satisfies(constraint, value))) over.add(pointer);
    }
  }
  return over.size === 0 ? undefined : { code: "value_not_granted", over: { where: [...over] } };
}

function refusalOf(objections: readonly Objection[], operation: Operation, record: OperationRecord): Refusal {
  const closest = objections.toSorted((one, other) => ORDER.indexOf(other.code) - ORDER.indexOf(one.code))[0];
  const { code, over } = closest ?? {
    code: "record_not_granted" as const,
    over: { record: [record.named] },
  };
  return refuse(code, `no entry permits \`${operation.name}\` on \`${record.named}\``, {
    over,
    operation: operation.name,
    alias: record.named,
    sufficient: [sufficientFor(operation, record)],
  });
}

function sufficientFor(operation: Operation, record: OperationRecord): Sufficient {
  const values = Object.entries(operation.members).filter(([pointer]) => !operation.fieldPointers.includes(pointer));
  const fields = {
    ...(operation.read.length === 0 ? {} : { read: operation.read }),
    ...(operation.write.length === 0 ? {} : { write: operation.write }),
  };
  return {
    type: record.type,
    ...(record.listed === undefined
      ? { alias: record.named }
      : { within: { type: record.listed, alias: record.named } }),
    actions: [record.action, ...(record.also ?? [])],
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
    ...(values.length === 0
      ? {}
      : {
          where: {
            [record.action]: Object.fromEntries(values.map(([pointer, value]) => [pointer, { exact: value }])),
          },
        }),
  };
}
