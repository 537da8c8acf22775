import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Json, JsonObject } from "@remit/core";
import { issueToken, type IssuedToken, type TestRemit } from "@remit/testkit";
import { parse } from "yaml";
import { startSalesforce } from "../support/upstreams/salesforce.ts";
import { codeOf, connected, policyOf } from "./salesforce-world.ts";

interface Row {
  readonly grant: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly text?: string;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
}

interface List<T> {
  readonly grants: Readonly<Record<string, readonly JsonObject[]>>;
  readonly rows: readonly (Row & T)[];
}

// our own files, whose form the runner of must lists checks
const read = (name: string): unknown =>
  parse(readFileSync(new URL(`../../connectors/${name}.yaml`, import.meta.url), "utf8"));
const deny = read("salesforce.must-deny") as List<{ readonly code: string }>;
const allow = read("salesforce.must-allow") as List<{
  readonly sent: Sent | readonly Sent[];
}>;

/** A grant's entries under the name of the resource that is connected. */
const entriesOf = (entries: readonly JsonObject[]): readonly JsonObject[] =>
  entries.map((entry) => ({ ...entry, type: String(entry["type"]).replace("salesforce.", "salesforce-acme.") }));

const policies = ({ grants }: List<unknown>): Readonly<Record<string, JsonObject>> =>
  Object.fromEntries(
    Object.entries(grants).map(([name, entries]) => [
      `policies/${name}.yaml`,
      policyOf(name, "test-agent", entriesOf(entries)),
    ]),
  );

/** Sends a row as it is written, under a token for its grant, which is there before; the code that came back. */
async function sender(remit: TestRemit, { grants }: List<unknown>): Promise<(row: Row) => Promise<string>> {
  const tokens = new Map<string, IssuedToken>();
  for (const [policy, entries] of Object.entries(grants))
    tokens.set(
      policy,
      await issueToken(remit, { resource: "salesforce-acme", policy, authorizationDetails: entriesOf(entries) }),
    );
  return async (row) => {
    const { agent, held } = tokens.get(row.grant) ?? assert.fail(row.grant);
    const body = row.text ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
    const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...row.headers };
    const init = { method: row.method, headers, ...(body === undefined ? {} : { body }) };
    return codeOf(await agent.fetch(held.resource + row.path, init));
  };
}

/** Whether `fetch` sends this path as it is written. */
const isSendable = ({ path }: Row): boolean => new URL(`http://x${path}`).href === `http://x${path}`;

test("[connectors.salesforce-rows] a real gateway refuses every row of the must-deny list with its code, and nothing of it reaches Salesforce", async () => {
  await using salesforce = await startSalesforce();
  await using remit = await connected(salesforce, undefined, policies(deny));
  const send = await sender(remit, deny);
  const before = salesforce.received.length;
  const rows = deny.rows.filter(isSendable);
  assert.ok(rows.length > 140, `${rows.length} rows`);
  const odd: string[] = [];
  for (const row of rows) {
    const code = await send(row);
    if (code !== row.code) odd.push(`${row.method} ${row.path}: ${code}, not ${row.code}`);
  }
  assert.deepEqual(odd, []);
  assert.deepEqual(salesforce.received.slice(before), []);
});

test("[connectors.salesforce-rows] for every row of the must-allow list a real gateway sends exactly what the list says", async () => {
  await using salesforce = await startSalesforce();
  await using remit = await connected(salesforce, undefined, policies(allow));
  const send = await sender(remit, allow);
  for (const row of allow.rows) {
    const before = salesforce.received.length;
    await send(row);
    const sent = salesforce.received.slice(before).map(({ method, url, body }) => ({
      ...{ method, path: url },
      ...(body === "" ? {} : { body: JSON.parse(body) as Json }),
    }));
    assert.deepEqual(sent, [row.sent].flat(), `${row.method} ${row.path}`);
  }
});
