import assert from "node:assert/strict";
import { hash } from "node:crypto";
import type { Authority, Constraint, Entry, RecordScope } from "../../src/authority/entry.ts";
import type { ConnectorLookup } from "../../src/authority/parse.ts";
import { parseConnector } from "../../src/connector/parse.ts";
import type { Json } from "../../src/json/read.ts";
import type { Operation } from "../../src/operation.ts";

/** A world so small that every call in it can be listed: two types, two records, four actions, two fields. */

export const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", data, "buffer"));

const letter: Json = { kind: "string", max: 1, enum: ["x", "y", "z"] };
const field = (title: string): Json => ({
  title,
  read: letter,
  write: { schema: letter, canonical: "" },
});
const nothing: Json = { kind: "empty", status: [204] };

function operation(action: string, method: string, more: { readonly [name: string]: Json }): Json {
  return {
    action,
    title: action,
    class: method === "GET" ? "read" : "write",
    precondition: "none",
    method,
    path: `/${action}/{record}`,
    query: {},
    response: nothing,
    ...more,
  };
}

const value = (schema: Json, as: string): Json => ({
  absent: { rule: "refuse" },
  node: { kind: "value", schema, as },
});
const body = (members: { readonly [name: string]: Json }): Json => ({
  max: 100,
  root: { kind: "object", members },
});

const recordType: Json = {
  title: "card",
  identifier: "[1-9][0-9]{0,3}",
  alias: "A-[1-9][0-9]{0,3}",
  parents: { box: { at: "/fields/box", ask: "box" } },
  resolve: { path: "/read/{record}", query: {}, id: "/id", alias: "/alias", show: {} },
  fields: { f: field("first"), g: field("second"), r: { title: "only read", read: letter } },
  operations: {
    read: operation("read", "GET", {
      response: { kind: "record", status: [200], max: 100, id: "/id", fields: "/fields", keep: {} },
    }),
    edit: operation("edit", "PUT", {
      body: body({ fields: { node: { kind: "fields" }, absent: { rule: "refuse" } } }),
    }),
    move: operation("move", "POST", {
      body: body({ to: value(letter, "/to"), n: value({ kind: "number" }, "/n") }),
    }),
    drop: operation("drop", "DELETE", {}),
  },
};

const box: Json = {
  ...{
    title: "box",
    identifier: "[1-9][0-9]{0,3}",
    alias: "B-[1-9][0-9]{0,3}",
    parents: {},
    fields: {},
    operations: {},
  },
  resolve: { path: "/box/{record}", query: {}, id: "/id", alias: "/alias", show: {} },
};

/** The description of the world's connector, before it is parsed. */
export const CONNECTOR: { readonly [name: string]: Json } = {
  connector: "desk",
  title: "Desk",
  inject: ["bearer"],
  environment: { base_url: ["DESK_URL"], credential: ["DESK_KEY"], constants: {} },
  types: { a: recordType, b: recordType, box },
};

const parsed = parseConnector(CONNECTOR, sha256);
assert.ok(parsed.ok);
const connector = parsed.value;

export const LOCATION = "https://gw.example/r/desk";

/** Knows `desk.a` and `desk.b`. */
export const known: ConnectorLookup = (type) => {
  const [resource, name = ""] = type.split(".");
  const found = resource === "desk" ? connector.types[name] : undefined;
  return found === undefined ? undefined : { location: LOCATION, connector, recordType: found };
};

export const TYPES = ["desk.a", "desk.b"] as const;
export const ACTIONS = ["drop", "edit", "move", "read"] as const;
export const FIELDS = ["f", "g"] as const;
export const LETTERS = ["x", "y", "z"] as const;
export const NUMBERS = [0, 1, 2] as const;

interface TrueRecord {
  readonly id: string;
  readonly alias: string;
  readonly box: string;
}
export const RECORDS: readonly TrueRecord[] = [
  { id: "1", alias: "A-1", box: "7" },
  { id: "2", alias: "A-2", box: "8" },
];

/** What resolution would prove. */
export const parentsOf = (
  _type: string,
  id: string,
): readonly { readonly type: string; readonly identifier: string }[] =>
  RECORDS.filter((record) => record.id === id).map(({ box }) => ({ type: "box", identifier: box }));

const subsets = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  all.reduce<readonly (readonly T[])[]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);

type Call = Pick<Operation, "read" | "write" | "members">;
const plain: Call = { read: [], write: [], members: {} };

function calls(action: (typeof ACTIONS)[number]): readonly Call[] {
  if (action === "drop") return [plain];
  if (action === "read") return subsets(FIELDS).map((read) => ({ ...plain, read }));
  if (action === "move")
    return LETTERS.flatMap((to) => NUMBERS.map((n) => ({ ...plain, members: { "/to": to, "/n": n } })));
  const f = LETTERS.map((written) => ({ ...plain, write: ["f"], members: { "/f": written } }));
  const g = LETTERS.map((written) => ({ ...plain, write: ["g"], members: { "/g": written } }));
  const both = f.flatMap((one) =>
    g.map((other) => ({
      ...plain,
      write: ["f", "g"],
      members: { ...one.members, ...other.members },
    })),
  );
  return [...f, ...g, ...both];
}

/** A call on one record; `parents` are what a response of the call itself would prove. */
export function call(type: string, record: TrueRecord, named: string, action: string, how: Call): Operation {
  return {
    name: `${type}.${action}`,
    location: LOCATION,
    class: action === "read" ? "read" : "write",
    records: [
      {
        role: "record",
        type,
        action,
        named,
        identifier: record.id,
        parents: [{ type: "box", identifier: record.box }],
      },
    ],
    ...how,
    fieldPointers: action === "edit" ? ["/f", "/g"] : [],
  };
}

/** Every call of the world with records spelled by their identifiers: 116. */
export const OPERATIONS: readonly Operation[] = TYPES.flatMap((type) =>
  RECORDS.flatMap((record) =>
    ACTIONS.flatMap((action) => calls(action).map((how) => call(type, record, record.id, action, how))),
  ),
);

/** The same calls, spelled by alias. */
export const ALIASED: readonly Operation[] = OPERATIONS.map((operation) => ({
  ...operation,
  records: operation.records.map((record) => ({ ...record, named: `A-${record.named}` })),
}));

/** The oracle: what protocol says of one entry and one value, in the plainest words. */
export function allows(constraint: Constraint, found: Json): boolean {
  const text = JSON.stringify(found);
  if (constraint.kind === "exact") return JSON.stringify(constraint.value) === text;
  if (constraint.kind === "one_of") return constraint.values.map((one) => JSON.stringify(one)).includes(text);
  if (constraint.kind === "not_one_of") return !constraint.values.map((one) => JSON.stringify(one)).includes(text);
  if (constraint.kind === "all") return !constraint.of.some((clause) => !allows(clause, found));
  if (typeof found !== "number") return false;
  if (constraint.min !== undefined && found < constraint.min) return false;
  return constraint.max === undefined || found <= constraint.max;
}

function isAbout(scope: RecordScope, record: TrueRecord): boolean {
  if (scope.by === "any") return true;
  return scope.by === "within" ? scope.identifier === record.box : scope.identifier === record.id;
}

/** The oracle: whether this entry alone permits this call. */
export function oracle(entry: Entry, operation: Operation): boolean {
  const [role] = operation.records;
  const record = RECORDS.find(({ id, alias }) => id === role?.named || alias === role?.named);
  if (role === undefined || record === undefined) return false;
  if (entry.type !== role.type || !isAbout(entry.record, record)) return false;
  if (entry.except.includes(record.id) || !entry.actions.includes(role.action)) return false;
  for (const name of operation.read) if (!entry.fields.read.includes(name)) return false;
  for (const name of operation.write) if (!entry.fields.write.includes(name)) return false;
  for (const [pointer, constraint] of Object.entries(entry.where[role.action] ?? {})) {
    const found = operation.members[pointer];
    const unchanged = role.action === "edit" && found === undefined;
    if (!unchanged && (found === undefined || !allows(constraint, found))) return false;
  }
  return true;
}

/** Whether one entry of the authority alone permits the call. */
export const oracleOf = (authority: Authority, operation: Operation): boolean =>
  authority.some((entry) => oracle(entry, operation));
