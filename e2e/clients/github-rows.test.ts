import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Json, JsonObject } from "@remit/core";
import type { IssuedToken } from "@remit/testkit";
import { parse } from "yaml";
import { githubWorld } from "./github-world.ts";

interface Row {
  readonly grant: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly text?: string;
  readonly code: string;
}

// our own file, whose form the runner of must lists checks
const { grants, rows } = parse(
  readFileSync(new URL("../../connectors/github.must-deny.yaml", import.meta.url), "utf8"),
) as { readonly grants: Readonly<Record<string, readonly JsonObject[]>>; readonly rows: readonly Row[] };

/** Whether `fetch` sends this path as it is written. */
const isSendable = ({ path, method }: Row): boolean =>
  method !== "HEAD" &&
  !path.includes("#") &&
  URL.canParse(`http://x${path}`) &&
  new URL(`http://x${path}`).href === `http://x${path}`;

test("[github.must-deny] a real gateway refuses every row of the list with its code, and not one byte of it reaches the API", async () => {
  await using world = await githubWorld();
  const tokens = new Map<string, IssuedToken>();
  for (const [name, entries] of Object.entries(grants)) tokens.set(name, await world.token(entries));
  const sent = rows.filter(isSendable);
  assert.ok(sent.length > 250, `${sent.length} rows`);
  const odd: string[] = [];
  const { requests } = await world.during(async () => {
    for (const row of sent) {
      const { agent, held } = tokens.get(row.grant) ?? assert.fail(row.grant);
      const body = row.text ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
      const type = row.body === undefined ? {} : { "content-type": "application/json" };
      const init = {
        method: row.method,
        headers: { ...type, ...row.headers },
        ...(body === undefined ? {} : { body }),
      };
      const answered = await agent.fetch(held.resource + row.path, init);
      const { code } = (await answered.json()) as { readonly code: string };
      if (code !== row.code) odd.push(`${row.method} ${row.path}: ${code}, not ${row.code}`);
    }
  });
  assert.deepEqual(odd, []);
  assert.deepEqual(requests, []);
});
