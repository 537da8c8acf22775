import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../src/authority/describe.ts";
import type { Entry } from "../src/authority/entry.ts";
import { isWithin } from "../src/authority/narrow.ts";
import { parseAsked, parseHeld } from "../src/authority/parse.ts";
import { permits } from "../src/authority/permits.ts";
import { parseConnector } from "../src/connector/parse.ts";
import { isJsonObject, type Json, type JsonObject } from "../src/json/read.ts";
import { CONNECTOR, known, LOCATION, OPERATIONS, sha256 } from "./support/universe.ts";

/** The world's connector with one place of it replaced. */
function changed(json: Json, [name, ...rest]: readonly string[], value: Json): JsonObject {
  assert.ok(isJsonObject(json) && name !== undefined);
  return { ...json, [name]: rest.length === 0 ? value : changed(json[name] ?? {}, rest, value) };
}

const text: Json = { kind: "string", max: 9 };
const named = (required: readonly string[], canonical: string): Json => ({
  schema: { kind: "object", members: { name: text }, required },
  canonical,
});

test("[connector.closed] a connector that could let something through undecided is refused, with the place", () => {
  const cases: readonly (readonly [at: string, value: Json, says: RegExp])[] = [
    ["identifier", "[a]{0,50}[a]{0,50}", /too many repeats/],
    ["identifier", "[z-a]", /Range out of order/],
    ["fields.f.write", named([], "/name"), /names the member that is canonical/],
    ["fields.f.write", named(["name"], "/nope"), /has nothing at/],
    ["operations.move.body.root.members.n.node.as", "/to", /takes `\/to` from two places/],
    ["operations.edit.query", { q: { kind: "value", schema: text, as: "/f" } }, /takes `\/f` from two places/],
    ["operations.read.response.keep", { "/fields/r": text }, /overlaps the fields/],
    ["operations.read.response.keep", { "/fields": text }, /overlaps the fields/],
    ["operations.drop.response.status", [302], /200 to 299/],
    ["operations.drop.response.status", [], /at least one/],
  ];
  for (const [at, value, says] of cases) {
    const read = parseConnector(changed(CONNECTOR, ["types", "a", ...at.split(".")], value), sha256);
    assert.ok(!read.ok, at);
    assert.match(read.error, says);
  }
});

test("[connector.parents] a parent that is no type of the connector, and an atomic operation without a version, are refused", () => {
  const cases: readonly (readonly [at: string, value: Json, says: RegExp | undefined])[] = [
    ["parents", { shelf: { at: "/fields/shelf", ask: "shelf" } }, /parents\.shelf`: is not a type of this connector/],
    ["parents", { box: "/fields/box" }, /is an object/],
    ["parents", { box: { ask: "box" } }, /parents\.box\.at`: is missing/],
    ["operations.edit.precondition", "atomic", /needs a `version`/],
    ["resolve.version", "last-modified", /is one of etag/],
    ["resolve.version", "etag", undefined],
  ];
  for (const [at, value, says] of cases) {
    const read = parseConnector(changed(CONNECTOR, ["types", "a", ...at.split(".")], value), sha256);
    if (says === undefined) assert.ok(read.ok, at);
    else assert.match(read.ok ? "accepted" : read.error, says);
  }
  const parent = (within: Json): Json => [{ type: "desk.a", actions: ["drop"], within }];
  assert.ok(parseHeld(parent({ type: "box", identifier: "7", alias: "B-7" }), known).ok);
  for (const within of [
    { type: "box", identifier: "07" },
    { type: "box", identifier: "7", alias: "A-7" },
    { type: "box", alias: "B-7" },
    { type: "a", identifier: "7" },
  ])
    assert.ok(!parseHeld(parent(within), known).ok, JSON.stringify(within));
  const asked = parseAsked(parent({ type: "box", alias: "B-7" }), known);
  assert.deepEqual(asked.ok && asked.value[0]?.record, { by: "within_alias", type: "box", alias: "B-7" });
});

const entry: Entry = {
  type: "desk.a",
  location: LOCATION,
  record: { by: "any" },
  actions: ["edit"],
  fields: { read: [], write: ["f"] },
  where: { edit: { "/f": { kind: "exact", value: "x" } } },
  except: [],
  limits: {},
};

test("[authority.closed] an exclusion by alias, and a constraint on an inherited name, are refused when read", () => {
  const base = { type: "desk.a", identifier: { any: true }, actions: ["move"] };
  const cases: readonly (readonly [json: Json, says: RegExp])[] = [
    [[{ ...base, except: ["A-1"] }], /except\[0\]`: is not spelled as an identifier/],
    [[{ ...base, where: { move: { toString: { exact: 1 } } } }], /is not a value that this action has/],
  ];
  for (const [json, says] of cases) {
    const read = parseHeld(json, known);
    assert.ok(!read.ok);
    assert.equal(read.error.code, "details_invalid");
    assert.match(read.error.detail, says);
  }
  assert.ok(parseHeld([{ ...base, except: ["1"] }], known).ok);
});

test("[authority.ceiling-binds] a ceiling's exclusion refuses that record and lets a grant for another be", () => {
  const ceiling = [{ ...entry, except: ["2"] }];
  const grant = (identifier: string): Entry => ({ ...entry, record: { by: "identifier", identifier } });
  assert.ok(isWithin([grant("1")], ceiling));
  assert.ok(!isWithin([grant("2")], ceiling));
  assert.ok(!isWithin([entry], ceiling));
});

test("[authority.permits-oracle] a field that is written without a canonical value does not count as unchanged", () => {
  const edit = OPERATIONS.find(({ name, write }) => name === "desk.a.edit" && write.join() === "f");
  assert.ok(edit !== undefined);
  const decision = permits([entry], { ...edit, members: {} });
  assert.ok(!decision.ok);
  assert.equal(decision.error.code, "value_not_granted");
});

test("[authority.permits-oracle] constraints on the action of another role bind too", () => {
  const edit = OPERATIONS.find(({ name, members }) => name === "desk.a.edit" && members["/f"] === "x");
  const [own] = edit?.records ?? [];
  assert.ok(edit !== undefined && own !== undefined);
  const linked: Entry = { ...entry, actions: ["link"], where: { link: { "/kind": { kind: "exact", value: "x" } } } };
  const link = (kind: string) =>
    permits([{ ...entry, where: {} }, linked], {
      ...edit,
      write: ["f"],
      members: { "/f": "x", "/kind": kind },
      records: [own, { ...own, role: "target", action: "link" }],
    });
  assert.ok(link("x").ok);
  const refused = link("y");
  assert.ok(!refused.ok);
  assert.equal(refused.error.code, "value_not_granted");
});

test("[describe.nothing-hidden] whatever reorders or does not show is written out", () => {
  for (const hidden of ["\u061c", "\u202e", "\u200b", "\u3164", "\u{e0041}", "\u0000", "\u2800"])
    assert.match(shown(`a${hidden}b`), /^a\\u\{[0-9a-f]+\}b$/);
  assert.equal(shown("Überprüfung 日本 ✓"), "Überprüfung 日本 ✓");
});
