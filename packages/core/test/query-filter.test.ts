import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOperation } from "../src/call/name-operation.ts";
import { rebuild } from "../src/call/rebuild.ts";
import { route } from "../src/call/route.ts";
import { parseConnector } from "../src/connector/parse.ts";
import { readHead } from "../src/http-head.ts";
import type { Json } from "../src/json/read.ts";
import { LOCATION, sha256 } from "./support/universe.ts";

/** Cards of a box, listed, and picked by one of their fields. */
function listing(state: { readonly [name: string]: Json }): ReturnType<typeof parseConnector> {
  const letter: Json = { kind: "string", max: 4, enum: ["all", "x", "y"] };
  const operation: Json = {
    ...{ action: "read", title: "list", class: "read", precondition: "none", method: "GET", list_of: "box" },
    ...{ path: "/boxes/{record}/cards", query: { state: { kind: "value", as: "/state", schema: letter, ...state } } },
    response: { kind: "records", status: [200], max: 100, at: "", id: "/id", fields: "", item: {}, keep: {} },
  };
  const names: Json = { title: "t", identifier: "[1-9]{1,3}", parents: {}, fields: {}, operations: {} };
  const resolve: Json = { path: "/x/{record}", query: {}, id: "/id", show: {} };
  const card: Json = {
    ...names,
    ...{ resolve, parents: { box: { at: "/box" } }, operations: { list: operation } },
    fields: { f: { title: "state", read: letter }, w: { title: "w", write: { schema: letter, canonical: "" } } },
  };
  return parseConnector(
    {
      ...{ connector: "desk", title: "Desk", inject: ["bearer"] },
      environment: { base_url: ["DESK_URL"], credential: ["DESK_KEY"], constants: {} },
      types: { card, box: { ...names, resolve } },
    },
    sha256,
  );
}

/** What a query is read as, and what is sent for it. */
function asked(query: string): readonly [read: readonly string[], members: unknown, target: string] | string {
  const connector = listing({ default: "all", reads: "f" });
  assert.ok(connector.ok, JSON.stringify(connector));
  const head = readHead({ method: "GET", url: `/boxes/7/cards${query}`, rawHeaders: ["host", "gw"] });
  assert.ok(head.ok);
  const routed = route(connector.value, "GET", head.value.segments);
  const named = nameOperation(routed, { name: "desk", location: LOCATION }, head.value, undefined);
  if (!named.ok) return named.error.code;
  const { read, members } = named.value.operation;
  const entry = {
    ...{ type: "desk.card", location: LOCATION, actions: ["read"], fields: { read: [], write: [] } },
    ...{ record: { by: "within", type: "box", identifier: "7" } as const },
    ...{ where: {}, except: [], limits: {} },
  };
  return [read, members, rebuild(named.value, "7", entry).target];
}

test("[connector.filter-is-a-read] to pick records by a field needs the field; the value that stands for no picking is sent and needs nothing", () => {
  assert.deepEqual(asked("?state=x"), [["f"], { "/state": "x" }, "/boxes/7/cards?state=x"]);
  assert.deepEqual(asked("?state=all"), [[], { "/state": "all" }, "/boxes/7/cards?state=all"]);
  assert.deepEqual(asked(""), [[], { "/state": "all" }, "/boxes/7/cards?state=all"]);
  assert.equal(asked("?state=z"), "operation_unknown");
});

test("[connector.filter-closed] a filter by a field that is not read, and a default that is no value, are refused", () => {
  const cases: readonly (readonly [state: { readonly [name: string]: Json }, says: RegExp])[] = [
    [{ reads: "g" }, /`g` is not a field that is read/],
    [{ reads: "w" }, /`w` is not a field that is read/],
    [{ default: "z" }, /default`: is one of the values of `enum`/],
    [{ default: 1 }, /default`: is a text/],
  ];
  for (const [state, says] of cases) {
    const read = listing(state);
    assert.match(read.ok ? "accepted" : read.error, says);
  }
});
