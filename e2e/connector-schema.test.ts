import assert from "node:assert/strict";
import { test } from "node:test";
import schema from "@remit/core/schema/connector.schema.json" with { type: "json" };
import { isJsonObject, type Json, type JsonObject } from "@remit/core";
import { Ajv } from "ajv";
import { blocksOf, mistakeIn, plainData, shippedConnectors } from "./support/connectors.ts";

const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);

const guide = plainData(blocksOf("docs/connectors.md", "library.yaml"));
const connectors = new Map([...shippedConnectors(), ["the guide's", guide]]);

test("[connector-tools.schema-takes-shipped] every shipped connector, and the guide's, is valid by the published schema", () => {
  for (const [name, connector] of connectors) {
    assert.equal(mistakeIn(connector), undefined, name);
    assert.ok(validate(connector), `${name}: ${JSON.stringify(validate.errors?.slice(-3))}`);
  }
});

/** The guide's connector with another value at one place; undefined takes the member away. */
function changed(path: string, value: Json | undefined, from: Json = guide): Json {
  const [name = "", ...rest] = path.split(".");
  if (!isJsonObject(from)) throw new Error(`nothing is at ${path}`);
  const { [name]: old = {}, ...others } = from;
  if (rest.length > 0) return { ...others, [name]: changed(rest.join("."), value, old) };
  return value === undefined ? others : { ...others, [name]: value };
}

const QUERY = "types.loan.operations.ask.graphql";

const ask: Json = {
  ...{ action: "read", title: "ask for", class: "read", precondition: "none" },
  graphql: {
    ...{
      door: "/graphql",
      max_request: 4096,
      max: 65536,
      fields: { dueDate: "due", about: { field: "title", select: ["text"] } },
    },
    steps: [
      { field: "loan", type: "Loan", arguments: { number: { part: "id", as: "int" } }, identity: { "{id}": "number" } },
    ],
  },
};
const asking = changed("types.loan.operations.ask", ask);

const LOAN = "types.loan";
const READ = `${LOAN}.operations.read`;
const WEEKS = `${LOAN}.operations.renew.body.root.members.weeks`;

const MISTAKES: readonly (readonly [what: string, path: string, value: Json | undefined])[] = [
  ["an unknown member", "origin", "https://library.example"],
  ["no name", "connector", undefined],
  ["a name with capitals", "connector", "Library"],
  ["an unknown form", "inject", ["cookie"]],
  ["a variable in small letters", "environment.credential", ["library_key"]],
  ["a header that carries the credential", "headers", { authorization: "Bearer x" }],
  ["a header of two lines", "headers", { "x-a": "b\r\nc: d" }],
  ["a media type with a parameter", "accept", ["text/html; charset=utf-8"]],
  ["errors in two ways", "errors", { keys: "/errors", list: "/errors", name: "/field" }],
  ["a door without a method", "side_doors", [{ door: "/v1/search", reaches: "all" }]],
  ["a door that reaches nothing", "side_doors", [{ door: "GET /v1/search", reaches: "" }]],
  ["residual as a text", "residual", "everything"],
  ["no identifier", `${LOAN}.identifier`, undefined],
  ["a pattern with a star", `${LOAN}.identifier`, "[0-9]*"],
  ["a pattern with alternation", `${LOAN}.identifier`, "a|b"],
  ["a pattern with a group", `${LOAN}.identifier`, "(a)"],
  ["no patterns", `${LOAN}.identifier`, []],
  ["parts without a text", `${LOAN}.identifier`, { parts: { id: "[0-9]{1,9}" } }],
  [
    "a part of too many segments",
    `${LOAN}.identifier`,
    { text: "{id}", parts: { id: { pattern: "a", segments: 99 } } },
  ],
  ["another kind of address", `${LOAN}.addressed_by`, "title"],
  ["a parent in two ways", `${LOAN}.parents.member`, { at: "/member_id", part: "id" }],
  ["a pointer without a slash", `${LOAN}.resolve.id`, "id"],
  ["no reads", `${LOAN}.resolve`, { steps: [], show: {} }],
  ["another version", `${LOAN}.resolve.version`, "updated_at"],
  ["a field without a title", `${LOAN}.fields.due.title`, undefined],
  ["a shape of no kind", `${LOAN}.fields.due.read`, { max: 10 }],
  ["a shape of an unknown kind", `${LOAN}.fields.due.read.kind`, "date"],
  ["a text without a bound", `${LOAN}.fields.due.read.max`, undefined],
  ["a bound below nothing", `${LOAN}.fields.due.read.max`, -1],
  ["a member of another kind", `${LOAN}.fields.due.read.items`, { kind: "boolean" }],
  ["a written field without its canonical value", `${LOAN}.fields.due.write.canonical`, undefined],
  ["a list of anything", `${LOAN}.fields.due.read`, { kind: "array", items: {}, max: 3 }],
  ["an unknown class", `${READ}.class`, "harmless"],
  ["an unknown precondition", `${READ}.precondition`, "maybe"],
  ["another method", `${READ}.method`, "OPTIONS"],
  ["a path without a slash", `${READ}.path`, "v1/loans/{record}"],
  ["a path with two values in a segment", `${READ}.path`, "/v1/loans/{record}...{other}"],
  ["a path with a query", `${READ}.path`, "/v1/loans/{record}?a=b"],
  ["a path that climbs", `${READ}.path`, "/v1/../loans/{record}"],
  ["a parameter without a pattern", `${READ}.params`, { x: { schema: { kind: "string", max: 9 }, as: "/x" } }],
  ["an open query", `${READ}.query`, undefined],
  ["an unknown parameter", `${READ}.query`, { a: { kind: "any" } }],
  ["a parameter that is an object", `${READ}.query`, { a: { kind: "value", schema: { kind: "link" }, as: "/a" } }],
  ["a status of failure", `${READ}.response.status`, [404]],
  ["no status", `${READ}.response.status`, []],
  ["an answer without its id", `${READ}.response.id`, undefined],
  ["an id that is nowhere", `${READ}.response.id`, {}],
  ["an answer without a bound", `${READ}.response.max`, undefined],
  ["an unknown answer", `${READ}.response.kind`, "anything"],
  ["a kept member by its name", `${READ}.response.keep`, { slip: { kind: "boolean" } }],
  ["an unknown place in a body", `${WEEKS}.node.kind`, "any"],
  ["a value that nobody can bind", `${WEEKS}.node.as`, undefined],
  ["no rule for absence", `${WEEKS}.absent`, undefined],
  ["a default without a value", `${WEEKS}.absent`, { rule: "default" }],
  ["a value without a default", `${WEEKS}.absent`, { rule: "refuse", value: 1 }],
  [
    "the record's own role",
    `${WEEKS}.node`,
    { kind: "record", type: "loan", role: "record", action: "read", form: "alias" },
  ],
  ["another archive", `${WEEKS}.node`, { kind: "archive", format: "zip", max: 9, document: "a", same: {} }],
  ["a text with an open place", `${WEEKS}.node`, { kind: "text", text: "{other}" }],
  ["a body that is too deep", `${LOAN}.operations.renew.body.limits`, { depth: 65 }],
];

const GRAPHQL_MISTAKES: readonly (readonly [what: string, path: string, value: Json | undefined])[] = [
  ["a mutation", "types.loan.operations.ask.class", "write"],
  ["a query with a method", "types.loan.operations.ask.method", "POST"],
  ["a query without a bound", `${QUERY}.max_request`, undefined],
  ["no steps", `${QUERY}.steps`, []],
  ["a door that is no path", `${QUERY}.door`, "graphql"],
  ["a field that is no GraphQL name", `${QUERY}.fields`, { "due date": "due" }],
  ["a selection that is none", `${QUERY}.fields`, { due: { field: "due", select: ["a b"] } }],
];

test("[connector-tools.schema-refuses] what the reader refuses for its form, the schema refuses where an editor shows it", () => {
  for (const [what, path, value] of MISTAKES) {
    const wrong = changed(path, value);
    assert.notEqual(mistakeIn(wrong), undefined, `the reader takes ${what}`);
    assert.equal(validate(wrong), false, `the schema takes ${what}`);
  }
  assert.equal(mistakeIn(asking), undefined);
  assert.ok(validate(asking), JSON.stringify(validate.errors?.slice(-3)));
  for (const [what, path, value] of GRAPHQL_MISTAKES) {
    const wrong = changed(path, value, asking);
    assert.notEqual(mistakeIn(wrong), undefined, `the reader takes ${what}`);
    assert.equal(validate(wrong), false, `the schema takes ${what}`);
  }
});

/** Every way to leave out one member somewhere, and to add one that nobody knows. */
function* mutations(json: Json): Generator<Json> {
  if (Array.isArray(json)) {
    for (const [index, item] of (json as readonly Json[]).entries())
      for (const other of mutations(item)) yield (json as readonly Json[]).with(index, other);
  } else if (isJsonObject(json)) {
    yield { ...json, "no such member": 1 } satisfies JsonObject;
    for (const [name, value] of Object.entries(json)) {
      const { [name]: _gone, ...rest } = json;
      yield rest;
      for (const other of mutations(value)) yield { ...rest, [name]: other };
    }
  }
}

test("[connector-tools.schema-no-stricter] no change to a member makes the schema refuse what the reader takes", () => {
  const counted = { both: 0, reader: 0 };
  for (const mutated of mutations(asking)) {
    const valid = validate(mutated);
    const mistake = mistakeIn(mutated);
    assert.ok(valid || mistake !== undefined, JSON.stringify(validate.errors?.slice(-2)));
    if (mistake !== undefined) counted[valid ? "reader" : "both"] += 1;
    // what no reader knows is shown to the author at once
    assert.ok(!valid || !JSON.stringify(mutated).includes("no such member"));
  }
  assert.ok(counted.both > 150 && counted.reader > 5, JSON.stringify(counted));
});
