import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BARE_PRIMITIVES,
  type Json,
  type Judged,
  judgeRequest,
  knownTypesOf,
  parseAuthority,
  type RawRequest,
  sentFor,
} from "@remit/core";
import { readConnectors } from "../src/connectors.ts";
import { details, gatewayWorld, ISSUE } from "./support/gateway-world.ts";

const connector = readConnectors(undefined).get("jira");
assert.ok(connector !== undefined);

interface Row {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const put = (body: string, path = ISSUE): Row => ({ method: "PUT", path, body });
const priority = '{"fields":{"priority":{"name":"High"}}}';

/** Requests that end in every way in which a call can end before it is sent, and ones that are sent. */
const ROWS: readonly Row[] = [
  ...["", "?fields=summary", "?fields=summary&fields=status", "?fields=assignee", "?fields=*all", "?expand=names"].map(
    (query) => ({ method: "GET", path: `${ISSUE}${query}` }),
  ),
  ...["/rest/api/3/issue/10442", "/rest/api/3/issue/PROJ-43", "/rest/api/3/issue/proj-42", "/rest/api/3/search"].map(
    (path) => ({ method: "GET", path }),
  ),
  ...[`${ISSUE}/transitions`, "/rest/api/2/issue/PROJ-42", `${ISSUE}/watchers`].map((path) => ({
    method: "GET",
    path,
  })),
  ...[
    priority,
    '{"fields":{"priority":null}}',
    '{"fields":{"summary":"x"}}',
    "{}",
    '{"fields":{},"fields":{}}',
    "[",
  ].map((body) => put(body)),
  put(priority, "/rest/api/3/issue/PROJ-43"),
  put(priority, `${ISSUE}?notifyUsers=false`),
  { ...put(priority), headers: { "content-type": "text/plain" } },
  { ...put(priority), headers: { "x-http-method-override": "DELETE" } },
  put(`{"fields":{"priority":{"name":"${"x".repeat(70_000)}"}}}`),
  ...["31", "41", "99"].map((id) => ({
    ...{ method: "POST", path: `${ISSUE}/transitions`, body: JSON.stringify({ transition: { id } }) },
  })),
  { method: "DELETE", path: ISSUE },
  { method: "GET", path: ISSUE, headers: { origin: "https://evil.example" } },
];

const requestOf = ({ method, path, body, headers = {} }: Row): RawRequest => ({
  ...{ method, target: path, body: body === undefined ? undefined : new TextEncoder().encode(body) },
  rawHeaders: Object.entries({
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...headers,
  }).flat(),
});

const codeOf = (judged: Judged): string => (judged.decision === "refused" ? judged.refusal.code : judged.decision);

test("[explain.same-decision] what is judged without a gateway is what a gateway does: the same code, or the same request upstream", async (t) => {
  const world = await gatewayWorld(t);
  const granted = details(world.resource);
  const authority = parseAuthority(granted, knownTypesOf(connector, "jira-acme", world.resource));
  assert.ok(authority.ok);
  const transitions: Json = JSON.parse(
    (await (await fetch(`${world.upstream.origin}/rest/api/3/issue/10442/transitions`)).text()) || "null",
  ) as Json;
  const known = (target: string): Json | undefined =>
    target === "/rest/api/3/issue/10442/transitions" ? transitions : undefined;
  const codes = new Set<string>();
  for (const row of ROWS) {
    const before = world.upstream.reached.length;
    const { method, path, ...options } = row;
    const answer = await world.call(method, path, options);
    const terms = {
      ...{ connector, resource: { name: "jira-acme", location: world.resource } },
      ...{ authority: authority.value, primitives: BARE_PRIMITIVES },
    };
    const judged = await judgeRequest(terms, requestOf(row), known);
    const name = `${method} ${path} ${row.body?.slice(0, 60) ?? ""}`;
    codes.add(codeOf(judged));
    if (judged.decision !== "allowed") {
      assert.equal(answer.code, codeOf(judged), name);
      continue;
    }
    const { target, body } = sentFor(judged.decided);
    const sent = world.upstream.reached.slice(before).at(-1);
    assert.deepEqual(
      [sent?.method, sent?.url, sent?.body],
      [judged.decided.named.routed.spec.method, target, body ?? ""],
      name,
    );
  }
  for (const code of [
    "head_refused",
    "body_refused",
    "operation_unknown",
    "record_not_granted",
    "field_not_granted",
    "value_not_granted",
    "allowed",
  ])
    assert.ok(codes.has(code), `no row came to ${code}`);
});
