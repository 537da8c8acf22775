import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authority } from "../src/authority/entry.ts";
import { parseAuthority } from "../src/authority/parse.ts";
import { nameOperation } from "../src/call/name-operation.ts";
import { project } from "../src/call/project.ts";
import { route } from "../src/call/route.ts";
import type { Connector } from "../src/connector/connector.ts";
import { parseConnector } from "../src/connector/parse.ts";
import { readHead } from "../src/http-head.ts";
import type { Json, JsonObject } from "../src/json/read.ts";
import { sha256 } from "./support/universe.ts";

/** An API that wraps a record in its type's name when it is asked for alone, and not in lists. */

const LOCATION = "https://gw.example/r/notes";
const id: Json = { kind: "integer" };
const text = (more: JsonObject = {}): Json => ({ kind: "string", max: 64, ...more });

const call = (action: string, path: string, more: JsonObject): Json => ({
  ...{ action, title: action, class: "read", precondition: "none", method: "GET", path, query: {} },
  ...more,
});

const named = (type: string): JsonObject => ({
  ...{ title: type, identifier: "[1-9][0-9]{0,3}" },
  resolve: { path: `/${type}s/{record}`, query: {}, id: `/${type}/id`, show: {} },
});

const LIST: JsonObject = {
  ...{ kind: "records", status: [200], max: 999, at: "/notes", id: "/id", fields: "", item: { "/id": id }, keep: {} },
  parents: { shelf: "/shelf_id" },
};

const READ: JsonObject = {
  ...{ kind: "record", status: [200], max: 999, id: "/note/id", fields: "/note", keep: { "/note/id": id } },
};

const NEXT: Json = { kind: "nullable", of: { kind: "link" } };

const REMARKS: JsonObject = {
  ...{
    kind: "list",
    status: [200],
    max: 999,
    at: "/remarks",
    keep: { "/more": { kind: "boolean" }, "/links/next": NEXT },
  },
  item: { kind: "object", members: { text: text(), open: { kind: "boolean" } }, required: ["open"] },
  only: { action: "hear", member: "/open", from: "/open" },
};

interface Changes {
  readonly list?: JsonObject;
  readonly read?: JsonObject;
  readonly remarks?: JsonObject;
  readonly hear?: string;
  readonly never?: Json;
}

const connectorOf = ({
  list = LIST,
  read = READ,
  remarks = REMARKS,
  hear = "hear",
  never = ["{{", "{%"],
}: Changes): JsonObject => ({
  ...{ connector: "notes", title: "Notes", inject: ["bearer"] },
  environment: { base_url: ["NOTES_URL"], credential: ["NOTES_KEY"], constants: {} },
  types: {
    shelf: { ...named("shelf"), parents: {}, fields: {}, operations: {} },
    note: {
      ...named("note"),
      parents: { shelf: { at: "/note/shelf_id" } },
      fields: { text: { title: "text", read: text(), write: { schema: text({ never }), canonical: "" } } },
      operations: {
        read: call("read", "/notes/{record}", { response: read }),
        list: call("list", "/shelfs/{record}/notes", { list_of: "shelf", response: list }),
        hear: call(hear, "/notes/{record}/remarks", { response: remarks }),
        edit: call("edit", "/notes/{record}", {
          ...{ class: "write", method: "PUT", response: { kind: "empty", status: [204] } },
          body: {
            max: 999,
            root: { kind: "object", members: { note: { node: { kind: "fields" }, absent: { rule: "refuse" } } } },
          },
        }),
      },
    },
  },
});

const faultOf = (changes: Changes): string => {
  const read = parseConnector(connectorOf(changes), sha256);
  return read.ok ? "accepted" : read.error;
};

function parsed(): Connector {
  const read = parseConnector(connectorOf({}), sha256);
  assert.ok(read.ok, read.ok ? "" : read.error);
  return read.value;
}

const connector = parsed();

function granted(entry: JsonObject): Authority {
  const recordType = connector.types["note"];
  assert.ok(recordType !== undefined);
  const read = parseAuthority([{ type: "notes.note", locations: [LOCATION], ...entry }], () => ({
    ...{ location: LOCATION, connector, recordType },
  }));
  assert.ok(read.ok, read.ok ? "" : read.error.detail);
  return read.value;
}

/** What is released of an answer to a call under these entries. */
function released(url: string, authority: Authority, pinnedId: string, body: Json): Json | undefined {
  const named = nameOf("GET", url);
  const [entry] = authority;
  assert.ok(named.ok && entry !== undefined);
  const out = project(200, body, { named: named.value, pinnedId, entry, authority });
  assert.ok(out.ok, out.ok ? "" : out.error.detail);
  return out.value.body;
}

function nameOf(method: string, url: string, body?: Json): ReturnType<typeof nameOperation> {
  const head = readHead({ method, url, rawHeaders: ["Host", "gw.example"] });
  assert.ok(head.ok);
  const routed = route(connector, method, head.value.segments);
  return nameOperation(routed, { name: "notes", location: LOCATION }, head.value, body);
}

const onShelf = (more: JsonObject = {}): Authority =>
  granted({ within: { type: "shelf", identifier: "7" }, actions: ["list"], fields: { read: ["text"] }, ...more });

test("[connector.listed-parents] a listed record is judged by the parent that its item names, at the item's own place for it", () => {
  const items: Json = [
    { id: 1, text: "ours", shelf_id: 7, secret: "x" },
    { id: 2, text: "theirs", shelf_id: 8 },
    { id: 3, text: "nobody's", shelf_id: null },
    { id: 4, text: "says it as the record alone would", note: { shelf_id: 7 } },
    { id: 5, text: "excluded", shelf_id: 7 },
  ];
  const kept = released("/shelfs/7/notes", onShelf({ except: ["5"] }), "7", { notes: items, count: 5 });
  assert.deepEqual(kept, { notes: [{ id: 1, text: "ours" }] });
  assert.match(
    faultOf({ list: { ...LIST, parents: { box: "/box_id" } } }),
    /parents`: `box` is no parent that an answer/,
  );
  assert.match(faultOf({ list: { ...LIST, parents: { shelf: "shelf_id" } } }), /is a JSON pointer/);
});

test("[connector.kept-beside-fields] what is kept may stand among the fields, and is then kept with those that are granted and nothing else", () => {
  const one = granted({ identifier: "1", actions: ["read"], fields: { read: ["text"] } });
  const answer: Json = { note: { id: 1, text: "ours", shelf_id: 7 }, users: [] };
  assert.deepEqual(released("/notes/1", one, "1", answer), { note: { id: 1, text: "ours" } });
  const bare = granted({ identifier: "1", actions: ["read"] });
  assert.deepEqual(released("/notes/1", bare, "1", answer), { note: { id: 1 } });
  for (const kept of ["/note/text", "/note/text/x", "/note"])
    assert.match(faultOf({ read: { ...READ, keep: { [kept]: text() } } }), /overlaps the fields/);
});

test("[connector.kept-beside-lists] beside a list is released what is declared, and that is neither the list, nor a part of it, nor what holds it", () => {
  const keep = { "/more": { kind: "boolean" }, "/links/next": NEXT };
  const list = { ...LIST, keep };
  const remarks = { ...REMARKS, keep };
  assert.deepEqual([faultOf({ list }), faultOf({ remarks })], ["accepted", "accepted"]);
  for (const at of ["/notes", "/notes/0", "/data", "/data/notes"]) {
    const held = { keep: { [at]: { kind: "opaque" } }, at: at.startsWith("/data") ? "/data/notes" : "/notes" };
    assert.match(faultOf({ list: { ...LIST, ...held } }), /holds the list, or a part of it/, at);
    assert.match(faultOf({ remarks: { ...REMARKS, ...held } }), /holds the list, or a part of it/, at);
  }
  const answer = {
    remarks: [{ open: true }],
    more: true,
    links: { next: "https://api.example/x", prev: null },
    count: 9,
  };
  const hear = granted({ identifier: "1", actions: ["hear"] });
  assert.deepEqual(released("/notes/1/remarks", hear, "1", answer), {
    ...{ remarks: [{ open: true }], more: true },
    // what is no address of the gateway is none
    links: { next: null },
  });
});

test("[connector.filtered-value] an action that is nothing but a filtered list is bounded by what its items say", () => {
  const remarks: Json = { remarks: [{ text: "said", open: true }, { text: "hidden", open: false }, { text: "odd" }] };
  const hear = (where: JsonObject): Authority => granted({ identifier: "1", actions: ["hear"], where });
  assert.deepEqual(released("/notes/1/remarks", hear({ hear: { "/open": { exact: true } } }), "1", remarks), {
    remarks: [{ text: "said", open: true }],
  });
  assert.deepEqual(released("/notes/1/remarks", hear({}), "1", remarks), {
    remarks: [
      { text: "said", open: true },
      { text: "hidden", open: false },
    ],
  });
  const only = { action: "edit", member: "/open", from: "/open" };
  assert.match(faultOf({ remarks: { ...REMARKS, only } }), /names a value that the action does not have/);
  // where an action also writes, the values that it writes are what its list is filtered by
  assert.match(faultOf({ remarks: { ...REMARKS, only }, hear: "edit" }), /names a value that the action does not have/);
  assert.match(
    faultOf({ remarks: { ...REMARKS, only: { action: "hear", member: "/open", from: "/nope" } } }),
    /has nothing at/,
  );
});

test("[connector.never-texts] a text that holds what the API would fill in is of another form", () => {
  const edit = (value: Json): string => {
    const read = nameOf("PUT", "/notes/1", { note: { text: value } });
    return read.ok ? "ok" : read.error.code;
  };
  for (const fine of ["seen {in} the log", "{ {", "100 %}", ""]) assert.equal(edit(fine), "ok", fine);
  for (const odd of ["{{note.owner}}", "a {{", "{% if %}"]) assert.equal(edit(odd), "body_refused", odd);
  assert.match(faultOf({ never: [""] }), /never\[0\]`: is a text/);
  assert.match(faultOf({ never: "{{" }), /never`: is a list/);
});
