import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authority, Entry } from "../src/authority/entry.ts";
import { parseAuthority } from "../src/authority/parse.ts";
import { permits } from "../src/authority/permits.ts";
import { nameOperation } from "../src/call/name-operation.ts";
import type { Named } from "../src/call/named.ts";
import { project } from "../src/call/project.ts";
import { rebuild } from "../src/call/rebuild.ts";
import { route } from "../src/call/route.ts";
import { readHead } from "../src/http-head.ts";
import { type Json, type JsonObject, readJson } from "../src/json/read.ts";
import { shop } from "./support/shop.ts";

const connector = shop();
const location = "https://gw.example/r/shop";
const { item } = connector.types;
if (item === undefined) throw new Error("the shop has items");
const known = { location, connector, recordType: item };

function authority(more: JsonObject, record: JsonObject = { identifier: "7/42", alias: "books#42" }): Authority {
  const entry = { type: "shop.item", locations: [location], fields: { read: [], write: [] }, ...record, ...more };
  const read = parseAuthority([entry], (type) => (type === "shop.item" ? known : undefined));
  assert.ok(read.ok, read.ok ? "" : read.error.detail);
  return read.value;
}

const ALL = ["cover", "edit", "move", "note", "read", "release"];
const FIELDS = { read: ["tags", "text", "title"], write: ["tags", "title"] };

/** What a request is named as, or the code of its refusal. */
function name(method: string, url: string, body?: Json, headers: readonly string[] = []): Named | string {
  const head = readHead({ method, url, rawHeaders: ["Host", "gw.example", ...headers] });
  if (!head.ok) return "head_refused";
  const read = body === undefined ? undefined : readJson(JSON.stringify(body));
  assert.ok(read?.ok !== false);
  const named = nameOperation(
    route(connector, method, head.value.segments),
    { name: "shop", location },
    head.value,
    read?.value,
  );
  return named.ok ? named.value : named.error.code;
}

function judge(held: Authority, method: string, url: string, body?: Json): string | ReturnType<typeof rebuild> {
  const named = name(method, url, body);
  if (typeof named === "string") return named;
  const decided = permits(held, named.operation);
  if (!decided.ok) return decided.error.code;
  const roles = Object.fromEntries(named.operation.records.slice(1).map(({ role, named: other }) => [role, other]));
  return rebuild(named, "7/42", held[decided.value.entries[0] ?? 0] as Entry, [], roles);
}

const ITEM = "/shelves/7/items/42";

test("[call.forms] each form of the language is rebuilt from what was decided, and nothing else of it is sent", () => {
  const held = authority({ actions: ALL, fields: FIELDS });
  const release = {
    _id: "7/42",
    versions: { "3": { name: "7/42@3", more: [1] } },
    files: { "v3.txt": "x" },
  };
  const rows: readonly (readonly [
    method: string,
    url: string,
    body: Json | undefined,
    target: string,
    sent: Json | undefined,
  ])[] = [
    ["GET", `${ITEM}?page=2`, undefined, `${ITEM}?lang=en&page=2`, undefined],
    ["GET", "/by-name/books/items/42.json?lang=en", undefined, `${ITEM}?lang=en`, undefined],
    ["GET", `${ITEM}/files/front`, undefined, `${ITEM}/files/front`, undefined],
    ["PUT", ITEM, { set: { title: "a" } }, ITEM, { set: { title: "a" }, silent: true }],
    ["PUT", ITEM, { change: { tags: [{ add: "a" }] } }, ITEM, { change: { tags: [{ add: "a" }] }, silent: true }],
    ["PUT", ITEM, { note: "a", silent: true }, ITEM, { note: "a", silent: true }],
    ["POST", `${ITEM}/next-to`, { other: "7/42" }, `${ITEM}/next-to`, { other: "7/42" }],
    ["PUT", ITEM, release, ITEM, release],
  ];
  for (const [method, url, body, target, sent] of rows)
    assert.deepEqual(judge(held, method, url, body), {
      method,
      target,
      body: sent === undefined ? undefined : JSON.stringify(sent),
    });
});

test("[call.forms] what is not exactly of one form is refused", () => {
  const held = authority({ actions: ALL, fields: FIELDS });
  const release = (more: JsonObject): JsonObject => ({
    ...{ _id: "7/42", versions: { "3": { name: "7/42@3" } }, files: { "v3.txt": "x" } },
    ...more,
  });
  const rows: readonly (readonly [code: string, method: string, url: string, body?: Json])[] = [
    ["operation_unknown", "GET", `${ITEM}?page=02`],
    ["operation_unknown", "GET", `${ITEM}?page=2.0`],
    ["operation_unknown", "GET", `${ITEM}?page=0`],
    ["operation_unknown", "GET", `${ITEM}?page=2&page=2`],
    ["operation_unknown", "GET", `${ITEM}?lang=de`],
    ["operation_unknown", "GET", `${ITEM}/files/Front`],
    ["operation_unknown", "GET", `${ITEM}.json`],
    ["operation_unknown", "GET", "/by-name/books/items/42"],
    ["operation_unknown", "GET", "/by-name/Books/items/42.json"],
    ["record_not_granted", "GET", "/by-name/other/items/42.json"],
    ["record_not_granted", "GET", "/shelves/8/items/42"],
    ["body_refused", "PUT", ITEM, { set: {} }],
    ["field_not_granted", "PUT", ITEM, { set: { tags: ["a"] } }],
    ["field_not_granted", "PUT", ITEM, { change: { title: [{ add: "a" }] } }],
    ["body_refused", "PUT", ITEM, { change: { tags: [{ add: "a" }, { remove: "b" }] } }],
    ["body_refused", "PUT", ITEM, { change: { tags: [{ add: "a", remove: "b" }] } }],
    ["body_refused", "PUT", ITEM, { change: { tags: [] } }],
    ["body_refused", "PUT", ITEM, { change: { tags: { add: "a" } } }],
    ["body_refused", "PUT", ITEM, { change: { tags: [{ set: "a" }] } }],
    ["body_refused", "PUT", ITEM, { set: { title: "a" }, silent: false }],
    ["body_refused", "PUT", ITEM, { set: { title: "a" }, other: 1 }],
    ["body_refused", "POST", `${ITEM}/next-to`, { other: "07/42" }],
    ["record_not_granted", "POST", `${ITEM}/next-to`, { other: "7/43" }],
    ["body_refused", "PUT", ITEM, release({ _id: "7/43" })],
    ["body_refused", "PUT", ITEM, release({ versions: { "3": { name: "7/42@3" }, "4": { name: "7/42@4" } } })],
    ["body_refused", "PUT", ITEM, release({ versions: {} })],
    ["body_refused", "PUT", ITEM, release({ versions: { x: { name: "7/42@x" } } })],
    ["body_refused", "PUT", ITEM, release({ versions: { "3": { name: "7/43@3" } } })],
    ["body_refused", "PUT", ITEM, release({ versions: { "3": { name: "7/42@3", deprecated: "x" } } })],
    ["body_refused", "PUT", ITEM, release({ files: { "v4.txt": "x" } })],
    ["body_refused", "PUT", ITEM, release({ files: { "v3.txt": "x", "v4.txt": "x" } })],
  ];
  for (const [code, method, url, body] of rows)
    assert.equal(judge(held, method, url, body), code, `${method} ${url} ${JSON.stringify(body)}`);
  // the wanted name of the record is its identifier: an alias proves nothing of what the body says
  assert.equal(
    name("GET", ITEM, undefined, ["Accept", "application/vnd.shop+json;q=0.9, */*;q=0.1"]) instanceof Object,
    true,
  );
  for (const accept of ["image/png", "application/vnd.shop+json;v=2", "application/vnd.other+json"])
    assert.equal(name("GET", ITEM, undefined, ["Accept", accept]), "operation_unknown", accept);
  assert.equal(typeof name("GET", `${ITEM}/files/front`, undefined, ["Accept", "image/png"]), "object");
});

test("[call.needs] a member that does more than write fields needs its own action, and binds by its own values", () => {
  const body = { set: { title: "a" }, note: "hi" };
  const edit = { actions: ["edit"], fields: FIELDS };
  assert.equal(judge(authority(edit), "PUT", ITEM, body), "operation_not_granted");
  const both = { ...edit, actions: ["edit", "note"] };
  assert.equal(typeof judge(authority(both), "PUT", ITEM, body), "object");
  const where = { note: { "/note": { exact: "ho" } } };
  assert.equal(judge(authority({ ...both, where }), "PUT", ITEM, body), "value_not_granted");
  assert.equal(typeof judge(authority({ ...both, where }), "PUT", ITEM, { ...body, note: "ho" }), "object");
});

test("[call.verbs] a constraint on a verb, or on the whole field, is not passed by the other way to write it", () => {
  const edit = { actions: ["edit"], fields: FIELDS };
  const verb = authority({ ...edit, where: { edit: { "/tags/add": { one_of: ["a"] } } } });
  const rows: readonly (readonly [held: Authority, change: Json, code: string])[] = [
    [verb, [{ add: "a" }], "object"],
    [verb, [{ add: "b" }], "value_not_granted"],
    [verb, [{ remove: "a" }], "value_not_granted"],
  ];
  for (const [held, change, code] of rows) {
    const judged = judge(held, "PUT", ITEM, { change: { tags: change } });
    assert.equal(typeof judged === "object" ? "object" : judged, code, JSON.stringify(change));
  }
  assert.equal(
    typeof judge(verb, "PUT", ITEM, { set: { title: "a" } }),
    "object",
    "a field that is left alone is free",
  );
});

test("[call.list] a list is its parent's: only a grant of all that the parent holds covers it, and what is not granted is left out uncounted", () => {
  const within = { within: { type: "shelf", identifier: "7", alias: "books" } };
  const read = { actions: ["read"], fields: { read: ["title"] } };
  const held = authority({ ...read, except: ["7/3"] }, within);
  const named = name("GET", "/shelves/books/items");
  assert.ok(typeof named === "object");
  assert.ok(permits(held, named.operation).ok);
  for (const other of [authority(read), authority(read, { within: { type: "shelf", identifier: "8" } })]) {
    const decided = permits(other, named.operation);
    assert.equal(decided.ok ? "ok" : decided.error.code, "record_not_granted");
  }
  const [entry] = held;
  assert.ok(entry !== undefined);
  assert.equal(rebuild(named, "7", entry).target, "/shelves/7/items");
  const answer = {
    total: 4,
    items: [
      { number: 1, title: "one", secret: "UNGRANTED" },
      { number: 3, title: "UNGRANTED" },
      { number: "x", title: "UNGRANTED" },
      "UNGRANTED",
      { number: 4 },
    ],
  };
  const projected = project(200, answer, { named, pinnedId: "7", entry, authority: held });
  assert.deepEqual(projected.ok ? plain(projected.value.body) : projected.error, {
    items: [{ number: 1, title: "one" }, { number: 4 }],
  });
});

const plain = (value: Json | undefined): unknown => JSON.parse(JSON.stringify(value ?? null));

test("[call.projection] fields at their places, links of the origin, tagged documents, and only answers of the declared kind", () => {
  const held = authority({ actions: ["read"], fields: FIELDS });
  const named = name("GET", ITEM);
  const [entry] = held;
  assert.ok(typeof named === "object" && entry !== undefined);
  const links = (url: string): string | undefined =>
    url.startsWith("https://up/") ? url.replace("https://up", location) : undefined;
  const good = {
    ...{ number: 42, kind: "book", url: "https://up/shelves/7", title: "a", secret: "UNGRANTED" },
    meta: { tags: ["x"], owner: "UNGRANTED" },
    text: { type: "list", content: [{ type: "text", text: "hi", mark: "UNGRANTED" }] },
  };
  const of = (answer: Json): unknown => {
    const projected = project(200, answer, { named, pinnedId: "7/42", entry, authority: held, links });
    return projected.ok ? plain(projected.value.body) : projected.error.code;
  };
  assert.deepEqual(of(good), {
    ...{ number: 42, url: `${location}/shelves/7`, title: "a", meta: { tags: ["x"] } },
    text: { type: "list", content: [{ type: "text", text: "hi" }] },
  });
  assert.deepEqual(of({ ...good, url: "https://evil/x" }), { ...(of(good) as object), url: null });
  const odd: readonly (readonly [code: string, answer: Json])[] = [
    ["record_mismatch", { ...good, number: 43 }],
    ["record_mismatch", { ...good, number: "042" }],
    ["record_mismatch", { ...good, gone: true }],
    ["record_mismatch", { ...good, kind: "shelf" }],
    ["upstream_failed", { ...good, text: { type: "mention", id: "x" } }],
    ["upstream_failed", { ...good, title: { a: 1 } }],
    ["upstream_failed", ["a"]],
  ];
  for (const [code, answer] of odd) assert.equal(of(answer), code, JSON.stringify(answer));
});
