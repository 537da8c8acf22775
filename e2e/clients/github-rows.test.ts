import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Json, JsonObject } from "@remit/core";
import type { IssuedToken } from "@remit/testkit";
import { parse } from "yaml";
import { githubWorld, type GithubWorld } from "./github-world.ts";

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
  parse(readFileSync(new URL(`../../connectors/${name}.yaml`, import.meta.url), "utf8"));
const deny = read("github.must-deny") as List<{ readonly code: string }>;
const allow = read("github.must-allow") as List<{
  readonly sent: { readonly method: string; readonly path: string; readonly body?: Json };
}>;

/** Whether `fetch` sends this path as it is written. */
const isSendable = ({ path, method }: Row): boolean =>
  method !== "HEAD" &&
  !path.includes("#") &&
  URL.canParse(`http://x${path}`) &&
  new URL(`http://x${path}`).href === `http://x${path}`;

/** Sends a row as it is written, under a token for its grant, which is there before; the code that came back. */
async function sender(
  world: GithubWorld,
  { grants }: List<unknown>,
): Promise<(row: Row) => Promise<string | undefined>> {
  const tokens = new Map<string, IssuedToken>();
  for (const [name, entries] of Object.entries(grants)) tokens.set(name, await world.token(entries));
  return async (row) => {
    const token = tokens.get(row.grant) ?? assert.fail(row.grant);
    const body = row.text ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
    const type = row.body === undefined ? {} : { "content-type": "application/json" };
    const init = { method: row.method, headers: { ...type, ...row.headers }, ...(body === undefined ? {} : { body }) };
    const answered = await token.agent.fetch(token.held.resource + row.path, init);
    const text = await answered.text();
    return text === "" ? undefined : (JSON.parse(text) as { readonly code?: string }).code;
  };
}

test("[github.must-deny] a real gateway refuses every row of the list with its code, and not one byte of it reaches the API", async () => {
  await using world = await githubWorld();
  const send = await sender(world, deny);
  const sent = deny.rows.filter(isSendable);
  assert.ok(sent.length > 250, `${sent.length} rows`);
  const odd: string[] = [];
  const { requests } = await world.during(async () => {
    for (const row of sent) {
      const code = await send(row);
      if (code !== row.code) odd.push(`${row.method} ${row.path}: ${code}, not ${row.code}`);
    }
  });
  assert.deepEqual([odd, requests], [[], []]);
});

test("[github.must-allow] for every row of the list a real gateway sends exactly what the list says", async () => {
  await using world = await githubWorld();
  const send = await sender(world, allow);
  for (const row of allow.rows) {
    await send(row);
    const last = world.upstream.requests.at(-1) ?? assert.fail();
    const body = last.body === "" ? {} : { body: JSON.parse(last.body) as Json };
    assert.deepEqual({ method: last.method, path: last.target, ...body }, row.sent);
    assert.equal(last.headers["accept"], "application/vnd.github+json");
    assert.equal(last.headers["x-github-api-version"], "2022-11-28");
  }
});
