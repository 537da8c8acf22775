import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "@remit/core";
import { type IssuedToken, TEST_CLIENT } from "@remit/testkit";
import { parse } from "yaml";
import { type Desk, policy, RESOURCE, startDesk, tokenFor } from "./zendesk-desk.ts";

interface Row {
  readonly grant: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly text?: string;
}

interface List<T> {
  readonly grants: Readonly<Record<string, readonly JsonObject[]>>;
  readonly rows: readonly (Row & T)[];
}

// our own files, whose form the runner of must lists checks
const read = (name: string): unknown =>
  parse(
    readFileSync(new URL(`../../connectors/${name}.yaml`, import.meta.url), "utf8").replaceAll(
      "type: zendesk.",
      `type: ${RESOURCE}.`,
    ),
  );
const deny = read("zendesk.must-deny") as List<{ readonly code: string }>;
const allow = read("zendesk.must-allow") as List<{
  readonly sent: { readonly method: string; readonly path: string; readonly body?: Json };
}>;

/** A desk with a policy for each grant of a list. */
const deskFor = async ({ grants }: List<unknown>): Promise<Desk> =>
  startDesk(
    Object.fromEntries(
      Object.entries(grants).map(([name, may]) => [`policies/${name}.yaml`, policy(name, TEST_CLIENT, may)]),
    ),
  );

/** Sends rows as they are written, under tokens for their grants, which are there before. */
async function sender(desk: Desk, { grants }: List<unknown>): Promise<(row: Row) => Promise<Response>> {
  const tokens = new Map<string, IssuedToken>();
  for (const [name, may] of Object.entries(grants)) tokens.set(name, await tokenFor(desk, name, may));
  return async ({ grant, method, path, headers, body, text }) => {
    const { agent, held } = tokens.get(grant) ?? assert.fail(grant);
    const written = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = written === undefined ? {} : { "content-type": "application/json" };
    const init = { method, headers: { ...type, ...headers }, ...(written === undefined ? {} : { body: written }) };
    return agent.fetch(held.resource + path, init);
  };
}

/** How the gateway asks where a record is. */
const PROOF = /^GET \/api\/v2\/(?:tickets|users)\/[0-9]+\.json$/;

/** Whether `fetch` sends a row as it is written; how the others are read is judged without a gateway. */
const isSendable = ({ path, method, body }: Row): boolean =>
  new URL(`http://x${path}`).href === `http://x${path}` && (method !== "GET" || body === undefined);

test("[zendesk.must-deny] a real gateway refuses every row of the list with its code, and asks Zendesk for nothing but the proof of the record named", async () => {
  await using desk = await deskFor(deny);
  const send = await sender(desk, deny);
  const rows = deny.rows.filter(isSendable);
  assert.ok(rows.length > 235, `${rows.length} rows`);
  const begun = desk.zendesk.deeds.length;
  const odd: string[] = [];
  for (const row of rows) {
    const code = /"code":"([a-z_]+)"/.exec(await (await send(row)).text())?.[1];
    if (code !== row.code) odd.push(`${row.method} ${row.path} ${JSON.stringify(row.body)}: ${code}, not ${row.code}`);
  }
  assert.deepEqual(odd, []);
  for (const { method, target, changed } of desk.zendesk.deeds.slice(begun)) {
    assert.match(`${method} ${target}`, PROOF);
    assert.deepEqual(changed, []);
  }
});

test("[zendesk.must-allow] for every row of the list a real gateway sends exactly what the list says", async () => {
  await using desk = await deskFor(allow);
  const send = await sender(desk, allow);
  const { requests } = desk.zendesk.upstream;
  for (const row of allow.rows) {
    const from = requests.length;
    const { status } = await send(row);
    assert.equal(status, 200, row.path);
    const received = requests.slice(from).map(({ method, target, body }) => ({
      ...{ method, path: target },
      ...(body === "" ? {} : { body: JSON.parse(body) as Json }),
    }));
    assert.ok(
      received.some((request) => isDeepStrictEqual(request, row.sent)),
      `${row.method} ${row.path}: ${JSON.stringify(received)}`,
    );
    // what else was asked is where the record is
    const others = received.filter((request) => !isDeepStrictEqual(request, row.sent));
    for (const { method, path } of others) assert.match(`${method} ${path}`, PROOF);
  }
  for (const { as } of desk.zendesk.deeds) assert.equal(as, "svc@desk.example");
});
