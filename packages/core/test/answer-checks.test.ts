import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../src/authority/entry.ts";
import { identifierIn, isAbout, nameText, parentsOf, partsIn } from "../src/call/identity.ts";
import { nameOperation } from "../src/call/name-operation.ts";
import type { Named } from "../src/call/named.ts";
import { project } from "../src/call/project.ts";
import { route } from "../src/call/route.ts";
import { conforms, projected } from "../src/call/values.ts";
import type { Connector, RecordType } from "../src/connector/connector.ts";
import type { ValueSchema } from "../src/connector/schema.ts";
import { readHead } from "../src/http-head.ts";
import type { Json, JsonObject } from "../src/json/read.ts";
import { changedShop, shop } from "./support/shop.ts";

// Single checks of what is released of an answer, each with the answer that it is for.

const location = "https://gw.example/r/shop";
const plain = (value: Json | undefined): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

const text: ValueSchema = { kind: "string", max: 3 };
const object: ValueSchema = { kind: "object", members: { a: text, b: text }, required: ["a"] };
const map: ValueSchema = { kind: "map", keys: "[a-z]", values: text, max: 2 };
const shapes = { x: { kind: "object", members: { a: text }, required: [] } } as const;
const tagged = { kind: "tagged", by: "t", shapes } as const;
const lax = { ...tagged, others: "left_out" } as const;
const list = (items: ValueSchema): ValueSchema => ({ kind: "array", max: 2, items });

test("[call.projection] of a value its declared part is released, and nothing of one of another shape", () => {
  const rows: readonly (readonly [schema: ValueSchema, value: Json, released: unknown])[] = [
    [{ kind: "nullable", of: text }, null, null],
    [{ kind: "nullable", of: text }, "abc", "abc"],
    [{ kind: "nullable", of: text }, "abcd", undefined],
    [{ kind: "link" }, "https://up/x", null],
    [{ kind: "link" }, 5, undefined],
    [object, { a: "a", c: "UNGRANTED" }, { a: "a" }],
    [object, { b: "b" }, undefined],
    [object, { a: "a", b: 1 }, undefined],
    [object, null, undefined],
    [object, "a", undefined],
    [{ ...object, required: [] } as ValueSchema, ["a"], undefined],
    [map, { a: "a", b: "b" }, { a: "a", b: "b" }],
    [map, { A: "a" }, undefined],
    [map, { a: 1 }, undefined],
    [map, { a: "a", b: "b", c: "c" }, undefined],
    [map, [], undefined],
    [map, null, undefined],
    [list(text), ["a", "b"], ["a", "b"]],
    [list(text), ["a", 1], undefined],
    [list(text), ["a", "b", "c"], undefined],
    [list(text), { length: 0 }, undefined],
    [list(text), "ab", undefined],
    [list(tagged), [{ t: "x", a: "a" }], [{ t: "x", a: "a" }]],
    [list(tagged), [{ t: "y" }], undefined],
    [list(lax), [{ t: "y" }, { t: "x" }], [{ t: "x" }]],
    [list(lax), [{ t: 5 }], undefined],
    [list(lax), [null], undefined],
    [list(lax), ["y"], undefined],
  ];
  for (const [schema, value, released] of rows)
    assert.deepEqual(plain(projected(value, schema)), released, `${schema.kind} ${JSON.stringify(value)}`);
  assert.deepEqual([conforms("x", { kind: "link" }), conforms(5, { kind: "link" })], [true, false]);
});

const { item, shelf } = shop().types as { readonly item: RecordType; readonly shelf: RecordType };
const NUMBER = [{ text: "{number}", at: "/number" }];

test("[call.projection] a name is a short text or a whole number that is exact", () => {
  for (const [value, said] of [
    ["7", "7"],
    [7, "7"],
    [7.5, undefined],
    [2 ** 60, undefined],
    [true, undefined],
    [null, undefined],
    [["7"], undefined],
    ["a".repeat(1_024), "a".repeat(1_024)],
    ["a".repeat(1_025), undefined],
  ] as const)
    assert.equal(nameText(value), said);
});

test("[call.projection] an answer is about a record only if it says so, with each part where it is declared", () => {
  assert.equal(isAbout({ number: 42 }, item, NUMBER, "7/42"), true);
  assert.equal(isAbout({ number: 42 }, item, [], "7/42"), false, "an answer that says nothing");
  assert.equal(isAbout({ number: 42 }, item, NUMBER, "no-such-name"), false);
  // what an expression would take for the text `undefined`
  assert.equal(partsIn({}, item, [{ text: "{name}", at: "/name" }], {}), undefined);
  assert.equal(identifierIn({ number: 42 }, item, NUMBER, { shelf: "7" }), "7/42");
  assert.equal(identifierIn({ number: 42 }, item, NUMBER, { shelf: "07" }), undefined);
  assert.equal(identifierIn({ number: 42 }, item, NUMBER, {}), undefined);
  const byAnswer: RecordType = { ...shelf, parents: { shelf: { by: "answer", at: "/above" } } };
  assert.deepEqual(parentsOf(byAnswer, "7", { above: 3 }), [{ type: "shelf", identifier: "3" }]);
  assert.deepEqual(parentsOf(byAnswer, "7", {}), []);
});

function ask(connector: Connector, method: string, url: string, body?: Json): Named {
  const head = readHead({ method, url, rawHeaders: ["Host", "gw.example"] });
  assert.ok(head.ok);
  const named = nameOperation(
    route(connector, method, head.value.segments),
    { name: "shop", location },
    head.value,
    body,
  );
  assert.ok(named.ok, named.ok ? "" : named.error.detail);
  return named.value;
}

const entryFor = (read: readonly string[], actions: readonly string[] = ["read"]): Entry => ({
  ...{ type: "shop.item", location, actions, fields: { read, write: [] }, where: {}, except: [], limits: {} },
  record: { by: "within", type: "shelf", identifier: "7" },
});

/** What is released of an answer, or the code with which it is withheld. */
function released(named: Named, answer: Json | undefined, entry = entryFor(["title", "tags"])): unknown {
  const found = project(200, answer, { named, pinnedId: named.routed.named, entry, authority: [entry] });
  return found.ok ? plain(found.value.body) : found.error.code;
}

const READ = "types item operations read response";
const ITEM = "/shelves/7/items/42";

test("[call.projection] fields stand where they are declared, beside what is kept, and only those that are granted", () => {
  const response: JsonObject = {
    ...{ kind: "record", status: [200], max: 9_999, id: { "{number}": "/number" }, fields: "/fields" },
    keep: { "/fields/of": { kind: "integer" }, "/more/a": { kind: "integer" }, "/more/b": { kind: "integer" } },
    is: { "/kind": ["book"] },
  };
  const connector = shop(changedShop(READ, response));
  const all = ask(connector, "GET", ITEM);
  const answer = { number: 42, kind: "book", more: { a: 1, b: 2, c: 3 }, fields: { title: "t", of: 5, other: 1 } };
  assert.deepEqual(released(all, answer), { fields: { of: 5, title: "t" }, more: { a: 1, b: 2 } });
  assert.deepEqual(released(all, { number: 42, kind: "book" }), { fields: {} });
  for (const fields of ["title", [], null, 1])
    assert.equal(released(all, { ...answer, fields }), "upstream_failed", JSON.stringify(fields));
  for (const kind of [undefined, null, "shelf"]) {
    const { kind: _gone, ...without } = answer;
    assert.equal(released(all, kind === undefined ? without : { ...answer, kind }), "record_mismatch");
  }
  assert.deepEqual(released(all, answer, entryFor(["other", "title"])), released(all, answer));
  const named: Named = { ...all, allFields: false, operation: { ...all.operation, read: ["title"] } };
  assert.deepEqual(released(named, answer, entryFor([])), { fields: { of: 5 }, more: { a: 1, b: 2 } });
});

test("[call.projection] an answer that is a value is withheld where it is none, or is about something else", () => {
  const note = "types item operations note response";
  const shape: Json = { kind: "object", members: { id: { kind: "integer" } }, required: ["id"] };
  const response: JsonObject = { kind: "value", status: [201], max: 999, at: "/note", shape, is: { "/of": [42] } };
  const named = ask(shop(changedShop(note, response)), "POST", `${ITEM}/notes`, { text: "a" });
  assert.deepEqual(released(named, { of: 42, note: { id: 1, by: "UNGRANTED" } }), { note: { id: 1 } });
  assert.equal(released(named, { of: 43, note: { id: 1 } }), "record_mismatch");
  for (const odd of [undefined, null, [], { of: 42 }, { of: 42, note: "a" }, { of: 42, note: {} }])
    assert.equal(released(named, odd), "upstream_failed", JSON.stringify(odd));
});

test("[call.projection] of a list each item is judged, and none that is odd is released", () => {
  const thing: Json = { kind: "object", members: { id: { kind: "integer" } }, required: ["id"] };
  const only = { from: "/to", member: "/note", action: "note" };
  const response: JsonObject = { kind: "list", status: [200], max: 999, at: "/things", item: thing, keep: {}, only };
  const named = ask(shop(changedShop(READ, response)), "GET", ITEM);
  const entry = { ...entryFor([], ["note"]), where: { note: { "/note": { kind: "exact", value: "a" } } } } as Entry;
  const things = [{ id: 1, to: "a" }, { id: "x", to: "a" }, { id: 3 }, { id: 4, to: "b" }, null];
  const pinned: Entry = { ...entry, record: { by: "identifier", identifier: "7/42" } };
  assert.deepEqual(released(named, { things }, pinned), { things: [{ id: 1 }] });
  for (const odd of [undefined, null, { things: { length: 1 } }, { things: "ab" }, {}])
    assert.equal(released(named, odd, pinned), "upstream_failed", JSON.stringify(odd));
});

test("[call.projection] of the records of a parent those of another kind are left out, and an odd one withholds all", () => {
  const response: JsonObject = {
    ...{ kind: "records", status: [200], max: 9_999, at: "", id: { "{number}": "/number" }, fields: "", keep: {} },
    ...{ item: { "/number": { kind: "integer" } }, is: { "/kind": ["book"] } },
  };
  const named = ask(shop(changedShop("types item operations list response", response)), "GET", "/shelves/7/items");
  const book = (number: number, title: Json): Json => ({ kind: "book", number, title });
  const entry = entryFor(["title"]);
  const of = (answer: Json | undefined): unknown => {
    const found = project(200, answer, { named, pinnedId: "7", entry, authority: [entry] });
    return found.ok ? plain(found.value.body) : found.error.code;
  };
  assert.deepEqual(of([book(1, "a"), { kind: "map", number: 2, title: "UNGRANTED" }, null, "UNGRANTED"]), [
    { number: 1, title: "a" },
  ]);
  assert.equal(of([book(1, "a"), book(2, { odd: true })]), "upstream_failed");
  for (const odd of [undefined, null, {}, "ab", { length: 0 }]) assert.equal(of(odd), "upstream_failed");
});
