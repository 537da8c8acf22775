import assert from "node:assert/strict";
import fc from "fast-check";
import { BARE_PRIMITIVES } from "../../src/call/name-call.ts";
import { parseConnector } from "../../src/connector/parse.ts";
import { utf8 } from "../../src/bytes.ts";
import type { Json } from "../../src/json/read.ts";
import type { RawRequest } from "../../src/judge/calls-in.ts";
import type { KnownAnswers } from "../../src/judge/judge.ts";
import { sha256 } from "./universe.ts";

/** A world of requests: two kinds of record, each with fields to read and write, values of a closed list, and keys. */

const word: Json = { kind: "string", max: 8, enum: ["x", "y", "z"] };
const text: Json = { kind: "string", max: 8 };
const plain: Json = { query: {}, precondition: "none", response: { kind: "empty", status: [204] } };

const form = (members: { readonly [name: string]: Json }, needs: { readonly [name: string]: Json } = {}): Json => ({
  max: 1_000,
  root: {
    kind: "object",
    members: Object.fromEntries(
      Object.entries(members).map(([name, node]) => [
        name,
        { node, absent: { rule: "unchanged" }, ...(needs[name] === undefined ? {} : { needs: needs[name] }) },
      ]),
    ),
  },
});

const recordType = (path: string): Json => ({
  title: "card",
  identifier: "[1-9][0-9]{0,3}",
  alias: "A-[1-9][0-9]{0,3}",
  parents: {},
  resolve: { path: `${path}/{record}`, query: {}, id: "/id", alias: "/alias", show: {} },
  fields: {
    f: { title: "first", read: word, write: { schema: word, canonical: "" } },
    g: { title: "second", read: text, write: { schema: text, canonical: "" } },
    h: { title: "third", read: text },
  },
  operations: {
    read: {
      ...{
        action: "read",
        title: "read",
        class: "read",
        precondition: "none",
        method: "GET",
        path: `${path}/{record}`,
      },
      query: { fields: { kind: "fields", list: true, separator: "," } },
      response: { kind: "record", status: [200], max: 1_000, id: "/id", fields: "/fields", keep: {} },
    },
    edit: {
      ...{
        ...(plain as object),
        action: "edit",
        title: "edit",
        class: "write",
        method: "PUT",
        path: `${path}/{record}`,
      },
      body: form({ fields: { kind: "fields" }, mark: { kind: "constant", value: true } }, { mark: "tag" }),
    },
    tag: {
      ...{ ...(plain as object), action: "tag", title: "tag", class: "write", method: "POST" },
      path: `${path}/{record}/tags`,
      body: form({
        fields: { kind: "fields" },
        tag: { kind: "value", schema: word, as: "/tag" },
        loud: { kind: "value", schema: { kind: "boolean" }, as: "/loud" },
        note: { kind: "value", schema: text, as: "/note" },
      }),
    },
    move: {
      ...{ ...(plain as object), action: "move", title: "move", class: "write", method: "POST" },
      path: `${path}/{record}/moves`,
      body: form({
        move: {
          kind: "lookup",
          as: "/to",
          schema: text,
          lookup: { path: `${path}/{record}/moves`, list: "/moves", key: "/id", value: "/to" },
        },
      }),
    },
  },
});

const parsed = parseConnector(
  {
    ...{ connector: "desk", title: "Desk", inject: ["bearer"] },
    environment: { base_url: [], credential: [], constants: {} },
    types: { card: recordType("/cards"), note: recordType("/notes") },
  },
  sha256,
);
assert.ok(parsed.ok, parsed.ok ? "" : parsed.error);

export const PLACE = {
  connector: parsed.value,
  resource: { name: "desk", location: "https://gw.example/r/desk" },
  primitives: BARE_PRIMITIVES,
};

/** What the keys 1 and 2 mean; nobody knows 3. */
export const answers: KnownAnswers = (target) =>
  target.endsWith("/moves")
    ? {
        moves: [
          { id: "1", to: "Open" },
          { id: "2", to: "Done" },
        ],
      }
    : undefined;

const json = (method: string, target: string, body: Json): RawRequest => ({
  ...{ method, target, rawHeaders: ["Content-Type", "application/json"], body: utf8(JSON.stringify(body)) },
});

const record = fc
  .tuple(fc.constantFrom("/cards", "/notes"), fc.constantFrom("1", "2", "A-7"))
  .map((one) => one.join("/"));
const fields = fc.record(
  { f: fc.constantFrom("x", "y", "z"), g: fc.constantFrom("p", "q") },
  { requiredKeys: [], noNullPrototype: true },
);
const tagging = fc.record(
  {
    fields: fields.filter((some) => Object.keys(some).length > 0),
    ...{ tag: fc.constantFrom("x", "y", "z"), loud: fc.boolean(), note: fc.constantFrom("p", "q") },
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** A request that some authority permits. */
export const grantable: fc.Arbitrary<RawRequest> = fc.oneof(
  fc.tuple(record, fc.subarray(["f", "g", "h"])).map(([at, names]) => ({
    ...{ method: "GET", rawHeaders: [], body: undefined },
    target: `${at}${names.length === 0 ? "" : `?fields=${names.join(",")}`}`,
  })),
  fc
    .tuple(
      record,
      fields.filter((some) => Object.keys(some).length > 0),
      fc.boolean(),
    )
    .map(([at, some, mark]) => json("PUT", at, { fields: some, ...(mark ? { mark } : {}) })),
  fc.tuple(record, tagging).map(([at, some]) => json("POST", `${at}/tags`, some)),
  fc.tuple(record, fc.constantFrom("1", "2")).map(([at, move]) => json("POST", `${at}/moves`, { move })),
);

/** A request that none does. */
export const never: fc.Arbitrary<RawRequest> = fc.constantFrom(
  { method: "GET", target: "/search?q=x", rawHeaders: [], body: undefined },
  { method: "DELETE", target: "/cards/1", rawHeaders: [], body: undefined },
  { method: "GET", target: "/cards/1?expand=all", rawHeaders: [], body: undefined },
  json("PUT", "/cards/1", { fields: { f: "w" } }),
  json("PUT", "/cards/1", { fields: {} }),
);
