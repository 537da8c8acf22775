import assert from "node:assert/strict";
import { test } from "node:test";
import { madeText, saysText, sayTheSame } from "../src/call/made-text.ts";
import { nameOperation, NO_PRIMITIVES } from "../src/call/name-operation.ts";
import type { Named, Reading } from "../src/call/named.ts";
import { readLink } from "../src/call/read-document.ts";
import { recordPath, rebuild } from "../src/call/rebuild.ts";
import { isNameOf, route, type Routed, spelledBy } from "../src/call/route.ts";
import type { Connector, RecordType } from "../src/connector/connector.ts";
import { printSpelled, type Spelling } from "../src/connector/spelling.ts";
import { matchTemplate, printTemplate, readTemplate } from "../src/connector/template.ts";
import { readHead } from "../src/http-head.ts";
import { type Json, type JsonObject, readJson } from "../src/json/read.ts";
import { changedShop, SHOP, shop } from "./support/shop.ts";

// Single checks of reading and rebuilding that no shipped connector shows, each with the request that it is for.

const location = "https://gw.example/r/shop";
const ITEM = "/shelves/7/items/42";

/** What a connector takes a request for, or the code of its refusal. */
function name(connector: Connector, method: string, url: string, body?: Json): Named | string {
  const head = readHead({ method, url, rawHeaders: ["Host", "gw.example"] });
  if (!head.ok) return "head_refused";
  const read = body === undefined ? undefined : readJson(JSON.stringify(body));
  assert.ok(read?.ok !== false);
  const candidates = route(connector, method, head.value.segments);
  const named = nameOperation(candidates, { name: "shop", location }, head.value, read?.value);
  return named.ok ? named.value : named.error.code;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const said = (named: Named | string): unknown => (typeof named === "string" ? named : named.operation.members);
const withQuery = (parameter: Json): Connector => shop(changedShop("types item operations read query one", parameter));
const MEMBERS = "types item operations edit body root members";
/** A shop whose shelves can be read too, and whose items are edited by a body of these members. */
const withMembers = (members: JsonObject): Connector =>
  shop(changedShop(MEMBERS, members, changedShop("types shelf operations read", READ_SHELF)));
const READ_SHELF = {
  ...{ action: "read", title: "read", class: "read", precondition: "none", method: "GET" },
  ...{ path: "/shelves/{record}", query: {}, response: { kind: "empty", status: [204] } },
};
const optional = (node: Json): JsonObject => ({ node, absent: { rule: "unchanged" } });
const needed = (node: Json): JsonObject => ({ node, absent: { rule: "refuse" } });
const put = (members: JsonObject, body: Json): Named | string => name(withMembers(members), "PUT", ITEM, body);

test("[call.forms] a boolean in a query has two spellings and no third", () => {
  const connector = withQuery({ kind: "value", schema: { kind: "boolean" }, as: "/one" });
  assert.deepEqual(said(name(connector, "GET", `${ITEM}?one=true`)), { "/one": true });
  assert.deepEqual(said(name(connector, "GET", `${ITEM}?one=false`)), { "/one": false });
  for (const odd of ["1", "True", "", "yes"])
    assert.equal(said(name(connector, "GET", `${ITEM}?one=${odd}`)), "operation_unknown", odd);
});

test("[call.forms] a query names fields that can be read, one where it takes one, and each once", () => {
  const one = withQuery({ kind: "fields", list: false, separator: "," });
  const list = withQuery({ kind: "fields", list: true, separator: "," });
  assert.deepEqual(said(name(one, "GET", `${ITEM}?one=title`)), {});
  assert.deepEqual(said(name(list, "GET", `${ITEM}?one=title,tags`)), {});
  for (const query of ["title,tags", "other", "toString"])
    assert.equal(said(name(one, "GET", `${ITEM}?one=${query}`)), "field_not_granted", query);
  assert.equal(said(name(one, "GET", `${ITEM}?one=title&one=tags`)), "operation_unknown");
  assert.equal(said(name(list, "GET", `${ITEM}?one=title,title`)), "operation_unknown");
  const secret = { title: "s", write: { schema: { kind: "boolean" }, canonical: "" } };
  const query = { kind: "fields", list: true, separator: "," };
  const other = changedShop(
    "types item operations read query one",
    query,
    changedShop("types item fields secret", secret),
  );
  assert.equal(said(name(shop(other), "GET", `${ITEM}?one=secret`)), "field_not_granted");
});

test("[call.forms] an operation without a body takes none, and one with a body takes no other", () => {
  const { body: _none, ...move } = itemOperation("move");
  const connector = shop(changedShop("types item operations move", move));
  assert.equal(typeof name(connector, "POST", `${ITEM}/next-to`), "object");
  assert.equal(name(connector, "POST", `${ITEM}/next-to`, {}), "body_refused");
  assert.equal(name(shop(), "POST", `${ITEM}/next-to`), "body_refused");
});

function itemOperation(of: string): JsonObject {
  // the shop is our own, and has these places
  const { types } = SHOP as { readonly types: { readonly item: { readonly operations: Record<string, JsonObject> } } };
  return types.item.operations[of] ?? {};
}

test("[call.forms] verbs are an object, of which a field is written in one way", () => {
  assert.equal(put({ change: optional({ kind: "verbs" }) }, { change: "title" }), "body_refused");
  assert.equal(put({ change: optional({ kind: "verbs" }) }, { change: ["title"] }), "body_refused");
  const write = { schema: { kind: "array", max: 9, items: { kind: "string", max: 9 } }, canonical: "" };
  const written = changedShop("types item fields tags write", write);
  for (const names of [
    ["change", "set"],
    ["set", "change"],
  ]) {
    const kinds: JsonObject = { change: optional({ kind: "verbs" }), set: optional({ kind: "fields" }) };
    const members = Object.fromEntries(names.map((one) => [one, kinds[one] ?? null]));
    const connector = shop(changedShop(MEMBERS, members, written));
    const [set, change] = [{ tags: ["a"] }, { tags: [{ add: "b" }] }];
    assert.equal(typeof name(connector, "PUT", ITEM, { set }), "object");
    assert.equal(typeof name(connector, "PUT", ITEM, { change }), "object");
    assert.equal(name(connector, "PUT", ITEM, { set, change }), "body_refused", names.join());
  }
});

test("[call.forms] a form may take some of the fields only", () => {
  const only = (names: readonly string[]): JsonObject => ({ set: optional({ kind: "fields", only: [...names] }) });
  assert.equal(typeof put(only(["title"]), { set: { title: "a" } }), "object");
  assert.equal(put(only([]), { set: { title: "a" } }), "field_not_granted");
});

test("[call.forms] an entry is an object with one named member", () => {
  const key = { schema: { kind: "string", max: 9 }, as: "/key" };
  const node = { kind: "value", as: "/inner", schema: { kind: "nullable", of: { kind: "string", max: 9 } } };
  const entry = { entry: needed({ kind: "entry", key, node }) };
  assert.deepEqual(said(put(entry, { entry: { a: "b" } })), { "/key": "a", "/inner": "b" });
  for (const odd of [{}, null, [], ["b"], "b", 1, { "": "b" }, { a: "b", c: "d" }])
    assert.equal(put(entry, { entry: odd }), "body_refused", JSON.stringify(odd));
});

test("[call.forms] a document that nobody reads is an object where members of it are read", () => {
  const opaque = (members: JsonObject): JsonObject => ({
    more: needed({ kind: "opaque", never: ["gone"], same: {}, members }),
  });
  const note = { note: optional({ kind: "value", as: "/note", schema: { kind: "string", max: 9 } }) };
  assert.deepEqual(said(put(opaque(note), { more: { note: "a", other: [1] } })), { "/note": "a" });
  for (const odd of ["note", 1, null, [1]]) {
    assert.equal(put(opaque(note), { more: odd }), "body_refused", JSON.stringify(odd));
    const named = put(opaque({}), { more: odd });
    assert.ok(typeof named === "object");
    assert.equal(rebuild(named, "7/42", NO_ENTRY).body, JSON.stringify({ more: odd }));
  }
  assert.equal(put(opaque({}), { more: { gone: 1 } }), "body_refused");
  const whole = { more: needed({ kind: "opaque", never: [], same: {}, as: "/more" }) };
  assert.deepEqual(plain(said(put(whole, { more: { a: 1 } }))), { "/more": { a: 1 } });
});

test("[call.forms] another record is named by a text or a whole number of its spelling, and each role once", () => {
  const record = (type: string, form: string): JsonObject =>
    needed({ kind: "record", type, role: "other", action: "read", form });
  const byNumber = put({ other: record("shelf", "identifier") }, { other: 7 });
  assert.ok(typeof byNumber === "object");
  assert.equal(byNumber.operation.records[1]?.named, "7");
  assert.equal(rebuild(byNumber, "7/42", NO_ENTRY, [], { other: "8" }).body, '{"other":8}');
  assert.throws(() => rebuild(byNumber, "7/42", NO_ENTRY), /no pinned name/);
  for (const odd of [7.5, "07", -7, null, true, ["7"], {}])
    assert.equal(put({ other: record("shelf", "identifier") }, { other: odd }), "body_refused", JSON.stringify(odd));
  const readable = changedShop("types shelf operations read", READ_SHELF);
  const dotted = changedShop("types shelf identifier", "[1-9][0-9.]{0,8}", readable);
  const decimals = shop(changedShop(MEMBERS, { other: record("shelf", "identifier") }, dotted));
  assert.equal(typeof name(decimals, "PUT", ITEM, { other: "7.5" }), "object");
  assert.equal(name(decimals, "PUT", ITEM, { other: 7.5 }), "body_refused");
  const byName = put({ other: record("shelf", "alias") }, { other: "books" });
  assert.ok(typeof byName === "object");
  assert.equal(byName.operation.records[1]?.named, "books");
  // what an expression would take for the texts `null` and `true`
  for (const odd of [null, true, false, ["books"], "7", 7])
    assert.equal(put({ other: record("shelf", "alias") }, { other: odd }), "body_refused", JSON.stringify(odd));
  const two = { one: record("shelf", "identifier"), two: record("item", "identifier") };
  assert.equal(put(two, { one: "7", two: "7/42" }), "body_refused");
});

const NO_ENTRY = {
  ...{ type: "shop.item", location, actions: [], fields: { read: [], write: [] }, where: {}, except: [], limits: {} },
  record: { by: "identifier", identifier: "7/42" } as const,
};

test("[call.forms] a key that is looked up is a text", () => {
  const lookup = { path: "/shelves/{shelf}/items/{number}/keys", list: "/keys", key: "/id", value: "/name" };
  const key = (schema: Json): JsonObject => ({ key: needed({ kind: "lookup", schema, as: "/key", lookup }) });
  assert.equal(typeof put(key({ kind: "string", max: 9 }), { key: "7" }), "object");
  assert.equal(put(key({ kind: "integer" }), { key: 7 }), "body_refused");
});

test("[call.forms] maps have names of their spelling, values of their shape, and so many", () => {
  const schema = { kind: "map", keys: "[a-z]{1,3}", values: { kind: "integer" }, max: 2 };
  const map = { map: needed({ kind: "value", as: "/map", schema }) };
  assert.deepEqual(said(put(map, { map: { a: 1, b: 2 } })), {
    "/map": Object.assign(Object.create(null), { a: 1, b: 2 }),
  });
  for (const odd of [{ A: 1 }, { a: "1" }, { a: 1, b: 2, c: 3 }, [], null, "a"])
    assert.equal(put(map, { map: odd }), "body_refused", JSON.stringify(odd));
});

test("[call.forms] a request that is of the form of two operations is refused", () => {
  const twice = shop(changedShop("types item operations again", { ...itemOperation("edit"), action: "again" }));
  assert.equal(name(twice, "PUT", ITEM, { set: { title: "a" } }), "operation_unknown");
  assert.equal(route(twice, "PUT", ITEM.slice(1).split("/")).length, 3);
});

test("[call.forms] of the refusals of one door the one that is nearest is said", () => {
  // as a release it is no body at all, as an edit it is one of a field that cannot be written
  assert.equal(name(shop(), "PUT", ITEM, { set: { tags: ["a"] } }), "field_not_granted");
  assert.equal(name(shop(), "PUT", `${ITEM}?x=1`, { set: { tags: ["a"] } }), "operation_unknown");
});

test("[call.forms] a path names a record by all parts of a spelling, which reads back the same", () => {
  const part = { patterns: ["[a-z]{1,9}"], segments: 1, never: [] };
  const spelling: Spelling = { text: "{a}{b}", parts: { a: part, b: part } };
  assert.equal(spelledBy(spelling, ["a", "b"], { a: "xy", b: "z" }), "xyz");
  assert.equal(spelledBy(spelling, ["a", "b"], { a: "x", b: "yz" }), undefined);
  assert.equal(spelledBy(spelling, ["a"], { a: "xyz" }), undefined);
  assert.equal(printSpelled("{a}/{b}", { a: "x" }), undefined);
  const { shelf } = shop().types;
  assert.ok(shelf !== undefined);
  assert.deepEqual(
    ["7", "books", "07", "Books"].map((text) => isNameOf(shelf, text)),
    [true, true, false, false],
  );
});

test("[call.forms] where a type has no second name, a path with one leads nowhere", () => {
  const connector = shop();
  const { alias: _none, ...item } = connector.types["item"] as RecordType;
  const bare: Connector = { ...connector, types: { ...connector.types, item } };
  assert.equal(route(bare, "GET", ["shelves", "7", "items", "42"]).length, 1);
  assert.deepEqual(route(bare, "GET", ["shelves", "x", "items", "42"]), []);
  assert.deepEqual(route(bare, "GET", ["by-name", "books", "items", "42.json"]), []);
});

test("[call.forms] a template begins at the root, and is printed of all its parts or not at all", () => {
  for (const text of ["shelves", "xshelves/{a}", "", "/a/{b", "/a//b"])
    assert.equal(readTemplate(text), undefined, text);
  assert.notEqual(readTemplate("/-/x"), undefined);
  const template = readTemplate("/x/{a}");
  assert.ok(template !== undefined);
  assert.deepEqual(matchTemplate(template, ["x", "undefined"]), { a: "undefined" });
  assert.equal(printTemplate(template, {}), undefined);
  const { shelf } = shop().types;
  assert.ok(shelf !== undefined);
  assert.throws(() => recordPath(template, shelf, "7"), /cannot be made of this identifier/);
});

test("[call.forms] of two operations at one door, the one whose query was right says why it is refused", () => {
  const query = { x: { kind: "value", schema: { kind: "string", max: 9 }, as: "/x" } };
  const connector = shop(changedShop("types item operations release query", query));
  assert.equal(name(connector, "PUT", `${ITEM}?x=1`, { set: { title: "a" } }), "body_refused");
});

test("[call.forms] a refusal of a field names the field", () => {
  const head = readHead({ method: "PUT", url: ITEM, rawHeaders: ["Host", "gw.example"] });
  assert.ok(head.ok);
  const candidates = route(shop(), "PUT", head.value.segments);
  const refused = nameOperation(candidates, { name: "shop", location }, head.value, { set: { tags: ["a"] } });
  assert.deepEqual(refused.ok ? {} : refused.error.over, { "fields.write": ["tags"] });
  const other = nameOperation(candidates, { name: "shop", location }, head.value, { set: {} });
  assert.ok(!other.ok && !("over" in other.error));
});

test("[call.forms] a text is made of the identifier and of texts that were read, and of nothing that is not there", () => {
  const [routed] = route(shop(), "GET", ["shelves", "7", "items", "42"]);
  assert.ok(routed !== undefined);
  const byName: Routed = { ...routed, named: "books#42", by: "alias" };
  const members = { "/text": "a", "/number": 3 };
  assert.equal(madeText({ routed, members }, "{record}-{/text}"), "7/42-a");
  for (const text of ["{/number}", "{/other}"]) assert.equal(madeText({ routed, members }, text), undefined, text);
  assert.equal(madeText({ routed: byName, members }, "{record}"), undefined);
  for (const [value, says] of [
    ["7/42", true],
    [["7/42"], false],
    [null, false],
    ["7/43", false],
  ] as const)
    assert.equal(saysText(value, "7/42"), says);
  assert.deepEqual([saysText(7, "7"), saysText(7.5, "7.5"), saysText(true, "true")], [true, false, false]);
  const reading = readingOf(byName);
  assert.equal(sayTheSame(reading, {}, { "/name": "{record}" }), false, "two absences are not the same");
  assert.equal(sayTheSame(readingOf(routed), { name: "7/42" }, { "/name": "{record}" }), true);
  const link = "https://gw.example/a";
  assert.equal(readLink(readingOf(routed), "{record}", `${link}/7/42`, ""), undefined);
  for (const odd of [`${link}/7/43`, [`${link}/7/42`], null, `${link}/17/42/`])
    assert.equal(readLink(readingOf(routed), "{record}", odd, "")?.code, "body_refused", JSON.stringify(odd));
  assert.equal(readLink(reading, "{record}", `${link}/undefined`, "")?.code, "body_refused");
});

const readingOf = (routed: Routed): Reading => ({
  ...{ routed, primitives: NO_PRIMITIVES, fullType: "shop.item", read: new Set(), write: new Set(), members: {} },
  ...{ lookups: [], also: new Set(), documents: new Map(), roles: [], allFields: true },
});
