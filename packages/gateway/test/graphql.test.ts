import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { buildSchema, graphql } from "graphql";
import type { JsonObject } from "@remit/core";
import { readQuery } from "../src/graphql/read-query.ts";
import { details, gatewayWorld, type GatewayWorld } from "./support/gateway-world.ts";
import { sendJson } from "./support/upstream.ts";

const CONNECTOR = `
connector: jira
title: a desk with GraphQL
inject: [basic]
environment: { base_url: [], credential: [], constants: {} }
types:
  issue:
    title: issue
    identifier: { text: "{repository}/{number}", parts: { repository: "[1-9][0-9]{0,9}", number: "[1-9][0-9]{0,8}" } }
    alias: { text: "{owner}/{repo}#{number}", parts: { owner: "[a-z]{1,20}", repo: "[a-z]{1,20}", number: "[1-9][0-9]{0,8}" } }
    parents: {}
    fields:
      title: { title: title, read: { kind: string, max: 256 } }
      body: { title: text, read: { kind: nullable, of: { kind: string, max: 4096 } } }
      user:
        title: author
        read: { kind: object, members: { login: { kind: string, max: 64 } }, required: [login] }
      secret: { title: secret, read: { kind: string, max: 64 } }
    operations:
      read:
        action: read
        title: read
        class: read
        precondition: none
        graphql:
          door: /graphql
          max_request: 4096
          max: 65536
          steps:
            - { field: repository, type: Repository, arguments: { owner: { part: owner }, name: { part: repo } }, identity: { "{repository}": databaseId } }
            - { field: issue, type: Issue, arguments: { number: { part: number, as: int } }, identity: { "{number}": number } }
          fields: { title: title, body: body, author: { field: user, select: [login] }, secret: secret }
`;

const SCHEMA = buildSchema(`
  type Query { repository(owner: String!, name: String!): Repository, viewer: User }
  type Repository { databaseId: Int!, name: String!, issue(number: Int!): Issue, issues: [Issue!]! }
  type Issue { number: Int!, title: String!, body: String, author: User!, secret: String!, parent: Issue }
  type User { login: String!, email: String! }
  type Mutation { close(number: Int!): Issue }
`);

const issue = (number: number): unknown => ({
  ...{ number, title: `title ${number}`, body: null, secret: `secret ${number}` },
  author: { login: `user${number}`, email: "UNGRANTED" },
  parent: () => issue(number - 1),
});

/** A desk that answers GraphQL with the reference implementation. */
async function graphqlWorld(t: TestContext, repository = 7): Promise<GatewayWorld> {
  const folder = mkdtempSync(join(tmpdir(), "remit-graphql-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "jira.yaml"), CONNECTOR);
  const world = await gatewayWorld(t, { connectors: folder });
  const rootValue = {
    viewer: { login: "service", email: "UNGRANTED" },
    repository: ({ owner, name }: { readonly owner: string; readonly name: string }) => ({
      databaseId: owner === "acme" && name === "shop" ? repository : 8,
      ...{ name, issue: ({ number }: { readonly number: number }) => issue(number), issues: [issue(1), issue(42)] },
    }),
  };
  world.upstream.answer = async ({ body }, response) => {
    const { query } = JSON.parse(body) as { readonly query: string };
    return sendJson(response, 200, await graphql({ schema: SCHEMA, source: query, rootValue }));
  };
  return world;
}

const claims = (world: GatewayWorld, fields: readonly string[] = ["body", "title", "user"]): JsonObject => ({
  authorization_details: [
    {
      ...{ type: "jira-acme.issue", locations: [world.resource], identifier: "7/42", alias: "acme/shop#42" },
      ...{ actions: ["read"], fields: { read: fields } },
    },
  ],
});

const ask = (query: string, variables?: JsonObject, operationName?: string): string =>
  JSON.stringify({
    query,
    ...(variables === undefined ? {} : { variables }),
    ...(operationName === undefined ? {} : { operationName }),
  });

const ONE = 'repository(owner: "acme", name: "shop")';

test("[graphql.typed] a query for the granted record is asked anew and answered under the caller's own names", async (t) => {
  const world = await graphqlWorld(t);
  const rows: readonly (readonly [body: string, data: unknown])[] = [
    [ask(`{ ${ONE} { issue(number: 42) { title } } }`), { repository: { issue: { title: "title 42" } } }],
    [
      ask(
        `query Q($n: Int!, $o: String = "acme") { r: repository(owner: $o, name: "shop") { i: issue(number: $n) { t: title, body, author { who: login } } } }`,
        { n: 42 },
        "Q",
      ),
      { r: { i: { t: "title 42", body: null, author: { who: "user42" } } } },
    ],
    [
      ask(
        `fragment A on Issue { title ...B } fragment B on Issue { body } { ${ONE} { ... on Repository { issue(number: 42) { ...A } } } }`,
      ),
      { repository: { issue: { title: "title 42", body: null } } },
    ],
  ];
  for (const [body, data] of rows) {
    const answer = await world.call("POST", "/graphql", { body, claims: claims(world) });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(JSON.parse(answer.text), { data });
  }
  assert.deepEqual(
    world.upstream.reached.map(({ method, url, body }) => [method, url, JSON.parse(body)]),
    ["title:title", "title:title body:body user:author{login}", "title:title body:body"].map((leaves) => [
      "POST",
      "/graphql",
      {
        query: `query{repository(owner:"acme",name:"shop"){remit_0_0:databaseId issue(number:42){remit_1_0:number ${leaves}}}}`,
      },
    ]),
  );
});

const DENIED: readonly (readonly [code: string, body: string])[] = [
  ["record_not_granted", ask(`{ ${ONE} { issue(number: 43) { title } } }`)],
  ["record_not_granted", ask('{ repository(owner: "other", name: "shop") { issue(number: 42) { title } } }')],
  ["operation_unknown", ask('{ repository(owner: "ACME", name: "shop") { issue(number: 42) { title } } }')],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { secret } } }`)],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { title: secret } } }`)],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { title number } } }`)],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { author { login email } } } }`)],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { author } } }`)],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { title { x } } } }`)],
  ["field_not_granted", ask(`{ ${ONE} { issue(number: 42) { constructor } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { parent { author { login } } } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issues { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { name issue(number: 42) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { a: issue(number: 42) { title } b: issue(number: 43) { title } } }`)],
  ["operation_unknown", ask(`{ a: ${ONE} { issue(number: 42) { title } } b: ${ONE} { issue(number: 43) { title } } }`)],
  ["operation_unknown", ask(`{ viewer { login } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { title } } viewer { login } }`)],
  ["operation_unknown", ask("{ __schema { types { name } } }")],
  ["operation_unknown", ask('{ __type(name: "Issue") { name } }')],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { __typename title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { __proto__: title } } }`)],
  ["operation_unknown", ask("mutation { close(number: 42) { title } }")],
  ["operation_unknown", ask(`mutation { ${ONE} { issue(number: 42) { title } } }`)],
  ["operation_unknown", ask(`subscription { ${ONE} { issue(number: 42) { title } } }`)],
  [
    "operation_unknown",
    ask(`query A { ${ONE} { issue(number: 42) { title } } } query B { viewer { login } }`, {}, "A"),
  ],
  ["operation_unknown", ask(`query A { ${ONE} { issue(number: 42) { title } } }`, {}, "B")],
  ["operation_unknown", ask(`query @live { ${ONE} { issue(number: 42) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { title @include(if: true) } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { ... @skip(if: false) { issue(number: 42) { title } } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { ... on User { issue(number: 42) { title } } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { ...Nowhere } } }`)],
  ["operation_unknown", ask(`fragment U on Issue { body } { ${ONE} { issue(number: 42) { title } } }`)],
  [
    "operation_unknown",
    ask(`fragment A on Issue { ...B } fragment B on Issue { ...A } { ${ONE} { issue(number: 42) { ...A } } }`),
  ],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: "42") { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42.0) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42, number: 43) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42, x: 1) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: [42]) { title } } }`)],
  [
    "operation_unknown",
    ask("query($n: Int) { repository(owner: $n, name: $n) { issue(number: $n) { title } } }", { n: 42 }),
  ],
  ["operation_unknown", ask(`query($n: Int) { ${ONE} { issue(number: $n) { title } } }`, { n: 42, m: 43 })],
  ["operation_unknown", ask(`query($n: Int) { ${ONE} { issue(number: $n) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: $n) { title } } }`)],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { title title } } }`)],
  ["operation_unknown", ask("type X { a: Int }")],
  ["operation_unknown", ask("{")],
  ["operation_unknown", ask(`{ ${ONE} { issue(number: 42) { ${"title ".repeat(500)} } } }`)],
  ["operation_unknown", ask("")],
  ["operation_unknown", JSON.stringify([{ query: `{ ${ONE} { issue(number: 42) { title } } }` }])],
  ["operation_unknown", JSON.stringify({ query: `{ ${ONE} { issue(number: 42) { title } } }`, extensions: {} })],
  ["operation_unknown", JSON.stringify({ query: 7 })],
  ["operation_unknown", JSON.stringify({ id: "persisted" })],
  [
    "body_refused",
    `{"query":"{ viewer { login } }","query":"{ ${ONE.replaceAll('"', '\\"')} { issue(number: 42) { title } } }"}`,
  ],
  ["body_refused", ask(`{ ${ONE} { issue(number: 42) { title } } } #${"x".repeat(4096)}`)],
];

test("[graphql.closed] a query for anything else, or with two readings, is refused before anything is asked", async (t) => {
  const world = await graphqlWorld(t);
  for (const [code, body] of DENIED) {
    const answer = await world.call("POST", "/graphql", { body, claims: claims(world) });
    assert.equal(answer.code, code, `${body}: ${answer.text}`);
  }
  for (const [method, path] of [
    ["POST", "/graphql?x=1"],
    ["POST", "/GraphQL"],
    ["PUT", "/graphql"],
  ] as const) {
    const answer = await world.call(method, path, {
      body: ask(`{ ${ONE} { issue(number: 42) { title } } }`),
      claims: claims(world),
    });
    assert.equal(answer.code, "operation_unknown", `${method} ${path}`);
  }
  const other = await world.call("POST", "/graphql", {
    body: ask(`{ ${ONE} { issue(number: 42) { title } } }`),
    claims: { authorization_details: details(world.resource) },
  });
  assert.notEqual(other.status, 200);
  assert.deepEqual(world.upstream.reached, []);
});

/** Fragments that each hold the next one many times: few bytes, and more selections than anybody could put in. */
const NESTED = [
  ...[0, 1, 2, 3, 4].map((level) => `fragment A${level} on Issue{${`...A${level + 1} `.repeat(18)}}`),
  "fragment A5 on Issue{title}",
].join("");

test("[graphql.bounded] a query that says more with fragments than its length allows is refused at once", async (t) => {
  const world = await graphqlWorld(t);
  const body = ask(`${NESTED}{ ${ONE} { issue(number: 42) { ...A0 } } }`);
  const answer = await world.call("POST", "/graphql", { body, claims: claims(world) });
  assert.equal(answer.code, "operation_unknown");
  assert.equal(readQuery(JSON.parse(body)), "the query is too large");
  assert.deepEqual(world.upstream.reached, []);
});

test("[graphql.record-checked] an answer about another repository, or with errors, gives nothing of it", async (t) => {
  const world = await graphqlWorld(t, 9);
  const query = { body: ask(`{ ${ONE} { issue(number: 42) { title } } }`), claims: claims(world) };
  const moved = await world.call("POST", "/graphql", query);
  assert.equal(moved.code, "record_mismatch");
  world.upstream.answer = (_request, response) =>
    sendJson(response, 200, { data: null, errors: [{ message: "UNGRANTED" }] });
  const failed = await world.call("POST", "/graphql", query);
  assert.equal(failed.status, 422);
  assert.ok(!failed.text.includes("UNGRANTED"), failed.text);
});
