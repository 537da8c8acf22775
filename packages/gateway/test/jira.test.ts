import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Entry,
  type Json,
  nameOperation,
  parseAuthority,
  permits,
  project,
  readHead,
  readJson,
  rebuild,
  route,
} from "@remit/core";
import { readConnectors } from "../src/connectors.ts";
import { ALIASES, ISSUE, OTHER_DOORS, OTHER_PLACES, PATHS, QUERIES } from "./support/doors.ts";

const location = "https://gw.example/r/jira-acme";
const connector = readConnectors(undefined).get("jira");
const recordType = connector?.types["issue"];
assert.ok(connector !== undefined && recordType !== undefined);

const read = parseAuthority(
  [
    {
      ...{
        type: "jira-acme.issue",
        locations: [location],
        identifier: "10442",
        alias: "PROJ-42",
        actions: ["read", "edit", "transition"],
      },
      fields: { read: ["summary", "status", "priority"], write: ["priority"] },
      where: { transition: { "/to": { one_of: ["In Review"] } } },
    },
  ],
  (type) => (type === "jira-acme.issue" ? { location, connector, recordType } : undefined),
);
assert.ok(read.ok);
const authority = read.value;

/** What the gateway makes of a request before anything is sent: the code of its refusal, or `ok`. */
function judge(
  method: string,
  url: string,
  body?: string,
): { readonly code: string; readonly sent?: ReturnType<typeof rebuild> } {
  const head = readHead({
    method,
    url,
    rawHeaders: ["Host", "gw.example", ...(body === undefined ? [] : ["Content-Type", "application/json"])],
  });
  if (!head.ok) return { code: "head_refused" };
  const json = body === undefined ? undefined : readJson(body);
  if (json?.ok === false) return { code: "body_refused" };
  const routed = connector === undefined ? [] : route(connector, head.value.method, head.value.segments);
  if (routed.length === 0) return { code: "operation_unknown" };
  const named = nameOperation(routed, { name: "jira-acme", location }, head.value, json?.value);
  if (!named.ok) return { code: named.error.code };
  const found =
    named.value.lookups.length > 0
      ? { ...named.value.operation, members: { "/to": "In Review" } }
      : named.value.operation;
  const decided = permits(authority, found);
  if (!decided.ok) return { code: decided.error.code };
  const entry = authority[decided.value.entries[0] ?? 0] as Entry;
  return { code: "ok", sent: rebuild(named.value, "10442", entry) };
}

const PUT = (fields: Json, more: Readonly<Record<string, Json>> = {}): string => JSON.stringify({ fields, ...more });

test("[jira.must-allow] what a one-record grant is for is rebuilt by the pinned id, with nothing of the caller's bytes", () => {
  const all = "summary,status,priority".split(",").sort().join("%2C");
  const rows: readonly (readonly [
    method: string,
    url: string,
    body: string | undefined,
    target: string,
    sent: string | undefined,
  ])[] = [
    ["GET", ISSUE, undefined, `/rest/api/3/issue/10442?fields=${all}`, undefined],
    ["GET", "/rest/api/3/issue/10442", undefined, `/rest/api/3/issue/10442?fields=${all}`, undefined],
    [
      "GET",
      `${ISSUE}?fields=summary&fields=status`,
      undefined,
      "/rest/api/3/issue/10442?fields=status%2Csummary",
      undefined,
    ],
    [
      "GET",
      `${ISSUE}?fields=summary,priority`,
      undefined,
      "/rest/api/3/issue/10442?fields=priority%2Csummary",
      undefined,
    ],
    [
      "PUT",
      ISSUE,
      '{ "fields" : { "priority":{"name":"\\u0048igh"} } }',
      "/rest/api/3/issue/10442",
      '{"fields":{"priority":{"name":"High"}}}',
    ],
    ["GET", `${ISSUE}/transitions`, undefined, "/rest/api/3/issue/10442/transitions", undefined],
    [
      "POST",
      `${ISSUE}/transitions`,
      '{"transition":{"id":"31"}}',
      "/rest/api/3/issue/10442/transitions",
      '{"transition":{"id":"31"}}',
    ],
  ];
  for (const [method, url, body, target, sent] of rows)
    assert.deepEqual(
      judge(method, url, body),
      { code: "ok", sent: { method, target, body: sent } },
      `${method} ${url}`,
    );
});

const BODIES = [
  PUT({ assignee: { accountId: "mallory" } }),
  PUT({ status: { name: "Done" } }),
  PUT({ priority: { id: "1" } }),
  PUT({ priority: { name: "High", id: "1" } }),
  PUT({ priority: "High" }),
  PUT({ priority: null }),
  PUT({ priority: { name: null } }),
  PUT({ priority: { name: "High" }, summary: "x" }),
  PUT({ customfield_10001: "x" }),
  PUT({}),
  "{}",
  "[]",
  '"x"',
  "null",
  PUT({ priority: { name: "High" } }, { update: { comment: [{ add: { body: "x" } }] } }),
  PUT({ priority: { name: "High" } }, { transition: { id: "41" } }),
  PUT({ priority: { name: "High" } }, { properties: [] }),
  PUT({ priority: { name: "High" } }, { historyMetadata: {} }),
  '{"update":{"priority":[{"set":{"name":"High"}}]}}',
  '{"fields":{"priority":{"name":"High"}},"fields":{"assignee":{"accountId":"m"}}}',
  '{"fi\\u0065lds":{"priority":{"name":"High"}},"fields":{}}',
  '{"fields":{"priority":{"name":"High","__proto__":{}}}}',
  '{"Fields":{"priority":{"name":"High"}}}',
  '{"fields":{"priority":{"name":"High"}}}{}',
  '{"fields":{"priority":{"name":"\\ud800"}}}',
  '\ufeff{"fields":{}}',
  PUT({ priority: { name: "x".repeat(100) } }),
];

const MOVES = [
  '{"transition":{"id":31}}',
  '{"transition":{"name":"Done"}}',
  '{"transition":{"id":"31"},"fields":{"assignee":{}}}',
  '{"transition":{"id":"31"},"update":{}}',
  '{"transition":{"id":"31","to":"x"}}',
  '{"transition":{"id":"031"}}',
  "{}",
  '{"transition":"31"}',
];

test("[jira.must-deny] every other door, place, path, query and body is refused before anything is sent", () => {
  const rows = [
    ...OTHER_DOORS.map(
      ([method, url]) => [method, url, method === "GET" || method === "DELETE" ? undefined : "{}"] as const,
    ),
    ...OTHER_PLACES.map(([method, url]) => [method, url, method === "GET" ? undefined : "{}"] as const),
    ...ALIASES.map((url) => ["GET", url, undefined] as const),
    ...PATHS.map((url) => ["GET", url, undefined] as const),
    ...QUERIES.flatMap((query) => [
      ["GET", `${ISSUE}?${query}`, undefined] as const,
      ["PUT", `${ISSUE}?${query}`, PUT({ priority: { name: "High" } })] as const,
    ]),
    ...["notifyUsers=false", "returnIssue=true", "overrideScreenSecurity=true", "overrideEditableFlag=true"].map(
      (query) => ["PUT", `${ISSUE}?${query}`, PUT({ priority: { name: "High" } })] as const,
    ),
    ...BODIES.map((body) => ["PUT", ISSUE, body] as const),
    ...MOVES.map((body) => ["POST", `${ISSUE}/transitions`, body] as const),
    ["GET", "/rest/api/3/issue/PROJ-43", undefined] as const,
    ["GET", "/rest/api/3/issue/10443", undefined] as const,
    ["PUT", "/rest/api/3/issue/PROJ-43", PUT({ priority: { name: "High" } })] as const,
    ["GET", ISSUE, "{}"] as const,
    ["HEAD", ISSUE, undefined] as const,
  ];
  assert.ok(rows.length >= 120, `${rows.length} rows`);
  assert.deepEqual(
    rows.filter(([method, url, body]) => judge(method, url, body).code === "ok"),
    [],
  );
});

test("[gateway.projection] a response is what is granted of the pinned record, and nothing else", () => {
  const head = readHead({ method: "GET", url: ISSUE, rawHeaders: ["Host", "gw.example"] });
  assert.ok(head.ok);
  const routed = route(connector, head.value.method, head.value.segments);
  assert.notEqual(routed.length, 0);
  const named = nameOperation(routed, { name: "jira-acme", location }, head.value, undefined);
  assert.ok(named.ok);
  const projection = { named: named.value, pinnedId: "10442", entry: authority[0] as Entry, authority };
  const answer = {
    id: "10442",
    key: "PROJ-42",
    self: "https://x",
    names: {},
    fields: {
      summary: "a",
      status: { name: "Open", id: "1", self: "https://x" },
      description: "secret",
      parent: { fields: { summary: "b" } },
    },
  };
  assert.deepEqual(project(200, answer, projection), {
    ok: true,
    value: {
      status: 200,
      body: { id: "10442", key: "PROJ-42", fields: { summary: "a", status: { id: "1", name: "Open" } } },
    },
  });
  for (const id of ["10443", 10443, undefined]) {
    const other = project(200, { ...answer, id } as Json, projection);
    assert.equal(other.ok ? "ok" : other.error.code, "record_mismatch");
  }
  const odd = project(200, { ...answer, fields: { summary: { a: 1 } } }, projection);
  assert.equal(odd.ok ? "ok" : odd.error.code, "upstream_failed");
});
