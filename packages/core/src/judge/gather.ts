import type { Authority, Constraint, Entry, RecordScope } from "../authority/entry.ts";
import type { Connector, RecordType } from "../connector/connector.ts";
import { memberSchemas } from "../connector/members.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import type { Permitting } from "./propose.ts";
import { valuesOf } from "./values-of.ts";

/** Entries for the same record and the same actions. */
interface Group {
  readonly entry: Entry;
  readonly calls: readonly Permitting[];
}

/** Puts the entries of many calls together, and together only where that gives nothing that no call has. */
export function gather(connector: Connector, permitting: readonly Permitting[]): Authority {
  const groups = new Map<string, Group>();
  for (const call of permitting) {
    for (const [index, entry] of call.entries.entries()) {
      const key = canonicalJson([entry.type, recordKey(entry.record), entry.actions]);
      const held = groups.get(key);
      // values belong to the operation's own record
      const calls = [...(held?.calls ?? []), ...(index === 0 ? [call] : [])];
      groups.set(key, { entry: held === undefined ? entry : union(held.entry, entry), calls });
    }
  }
  const entries = [...groups.values()].map((group) => withValues(connector, group));
  return entries.reduce<Authority>((all, entry) => joined(connector, all, entry), []);
}

const recordKey = (record: RecordScope): Json =>
  record.by === "any" ? "any" : [record.by, record.by === "within" ? record.type : "", record.identifier];

const together = (one: readonly string[], other: readonly string[]): readonly string[] =>
  [...new Set([...one, ...other])].sort();

const union = (one: Entry, other: Entry): Entry => ({
  ...one,
  actions: together(one.actions, other.actions),
  fields: {
    read: together(one.fields.read, other.fields.read),
    write: together(one.fields.write, other.fields.write),
  },
  where: { ...one.where, ...other.where },
});

/** Adds an entry to the first one for its record that it can join without giving either more than it had. */
function joined(connector: Connector, all: Authority, entry: Entry): Authority {
  const index = all.findIndex((held) => canJoin(typeOf(connector, entry), held, entry));
  return index === -1 ? [...all, entry] : all.map((held, at) => (at === index ? union(held, entry) : held));
}

function canJoin(type: RecordType | undefined, one: Entry, other: Entry): boolean {
  if (type === undefined || one.type !== other.type) return false;
  if (canonicalJson(recordKey(one.record)) !== canonicalJson(recordKey(other.record))) return false;
  if (one.actions.some((action) => other.actions.includes(action))) return false;
  return gainsNothing(type, one, other) && gainsNothing(type, other, one);
}

/** Whether the actions of an entry can do nothing with the other one's fields that they could not do before. */
function gainsNothing(type: RecordType, entry: Entry, other: Entry): boolean {
  const within = (inner: readonly string[], outer: readonly string[]): boolean =>
    inner.every((name) => outer.includes(name));
  return entry.actions.every(
    (action) =>
      (within(other.fields.read, entry.fields.read) || !releasesFields(type, action)) &&
      (within(other.fields.write, entry.fields.write) || !writesFields(type, action)),
  );
}

const releasesFields = (type: RecordType, action: string): boolean =>
  Object.values(type.operations).some(
    (operation) =>
      operation.action === action &&
      (operation.response.kind.startsWith("record") ||
        Object.values(operation.query).some(({ kind }) => kind === "fields")),
  );

const writesFields = (type: RecordType, action: string): boolean =>
  Object.keys(memberSchemas(type, action)).some((pointer) => Object.hasOwn(type.fields, pointer.split("/")[1] ?? ""));

const typeOf = ({ types }: Connector, { type }: Entry): RecordType | undefined => types[type.split(".").at(-1) ?? ""];

/** Adds the values that the calls have, where the connector or the API lists all that there are. */
function withValues(connector: Connector, { entry, calls }: Group): Entry {
  const type = typeOf(connector, entry);
  const action = calls[0]?.named.operation.records[0]?.action;
  if (type === undefined || action === undefined) return entry;
  const constraints = Object.entries(memberSchemas(type, action)).flatMap(([pointer, schema]) => {
    const values = valuesOf(calls, pointer, schema);
    return values === undefined ? [] : [[pointer, constraintOf(values)] as const];
  });
  return constraints.length === 0 ? entry : { ...entry, where: { [action]: Object.fromEntries(constraints) } };
}

function constraintOf(values: readonly Json[]): Constraint {
  const [first = null] = values;
  return values.length === 1 ? { kind: "exact", value: first } : { kind: "one_of", values };
}
