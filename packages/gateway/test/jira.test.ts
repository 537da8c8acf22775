import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Authority,
  type Connector,
  type Entry,
  type Json,
  nameOperation,
  openDoors,
  parseAuthority,
  project,
  readHead,
  route,
} from "@remit/core";
import { readConnectors } from "../src/connectors.ts";
import { readMustList, wrongIn } from "./support/must-list.ts";

const found = readConnectors(undefined).get("jira");
assert.ok(found !== undefined);
const connector: Connector = found;

test("[jira.must-allow] what grants for one ticket are for is rebuilt by the pinned id, with nothing of the caller's bytes", async () => {
  const list = readMustList(connector, "allow");
  assert.ok(list.rows.length >= 40, `${list.rows.length} rows`);
  assert.deepEqual(await wrongIn(connector, list), []);
});

test("[jira.must-deny] every other door, place, path, query, header, body and document is refused with its reason before anything is sent", async () => {
  const list = readMustList(connector, "deny");
  assert.ok(list.rows.length >= 120, `${list.rows.length} rows`);
  assert.deepEqual(await wrongIn(connector, list), []);
});

test("[jira.side-doors] each side door that the connector names is tried by a row", () => {
  assert.ok(connector.sideDoors.length > 50, `${connector.sideDoors.length} doors`);
  assert.deepEqual(openDoors(connector, readMustList(connector, "deny")), []);
});

const location = "https://gw.example/r/jira-acme";
const recordType = connector.types["issue"];
assert.ok(recordType !== undefined);
const authorityFor = (fields: readonly string[]): Authority => {
  const read = parseAuthority(
    [
      {
        ...{ type: "jira-acme.issue", locations: [location], identifier: "10442", alias: "PROJ-42" },
        ...{ actions: ["read"], fields: { read: [...fields] } },
      },
    ],
    (type) => (type === "jira-acme.issue" ? { location, connector, recordType } : undefined),
  );
  assert.ok(read.ok);
  return read.value;
};

test("[gateway.projection] a response is what is granted of the pinned record, and nothing else", () => {
  const head = readHead({ method: "GET", url: "/rest/api/3/issue/PROJ-42", rawHeaders: ["Host", "gw.example"] });
  assert.ok(head.ok);
  const routed = route(connector, head.value.method, head.value.segments);
  assert.notEqual(routed.length, 0);
  const named = nameOperation(routed, { name: "jira-acme", location }, head.value, undefined);
  assert.ok(named.ok);
  const authority = authorityFor(["summary", "status", "priority"]);
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

test("[jira.document-shown] of a document its text and structure are shown: addresses are left out, and so is a part of a kind that nobody knows", () => {
  const shown = (content: readonly Json[]): Json => {
    const head = readHead({ method: "GET", url: "/rest/api/3/issue/10442", rawHeaders: ["Host", "gw.example"] });
    assert.ok(head.ok);
    const named = nameOperation(
      route(connector, "GET", head.value.segments),
      { name: "jira-acme", location },
      head.value,
      undefined,
    );
    assert.ok(named.ok);
    const authority = authorityFor(["description"]);
    const description = { type: "doc", version: 1, content };
    const released = project(
      200,
      { id: "10442", fields: { description } },
      { named: named.value, pinnedId: "10442", entry: authority[0] as Entry, authority },
    );
    assert.ok(released.ok, "it is released");
    const { fields } = released.value.body as { fields: { description: { content: Json } } };
    return fields.description.content;
  };
  const link = { type: "link", attrs: { href: "https://desk.example/browse/PROJ-43", title: "x" } };
  const content = [
    {
      type: "paragraph",
      attrs: { localId: "1" },
      content: [{ type: "text", text: "see", marks: [link, { type: "glow" }] }],
    },
    { type: "hologram", attrs: { url: "https://evil.example" }, content: [{ type: "text", text: "unknown" }] },
    { type: "paragraph", content: [{ type: "inlineCard", attrs: { url: "https://desk.example/browse/PROJ-43" } }] },
  ];
  assert.deepEqual(JSON.parse(JSON.stringify(shown(content))), [
    {
      type: "paragraph",
      content: [{ type: "text", text: "see", marks: [{ type: "link", attrs: { href: null } }] }],
    },
    { type: "paragraph", content: [{ type: "inlineCard", attrs: { url: null } }] },
  ]);
});
