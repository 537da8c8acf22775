import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  BARE_PRIMITIVES,
  type Json,
  type JsonObject,
  nameOperation,
  parseConnector,
  parseMustList,
  readHead,
  readJson,
  route,
  runMustList,
} from "@remit/core";
import { callPrimitives, sha256 } from "@remit/sdk";
import { parse } from "yaml";

// The lists beside the npm connector, judged with the means to open a tarball, and without.

// our own files, whose form the runner of must lists checks
const file = (name: string): Json => {
  const text = readFileSync(new URL(`../../connectors/${name}.yaml`, import.meta.url), "utf8");
  const read = readJson(JSON.stringify(parse(text)));
  assert.ok(read.ok);
  return read.value;
};
const connector = parseConnector(file("npm"), sha256);
assert.ok(connector.ok, connector.ok ? "" : connector.error);
const { value: npm } = connector;

test("[npm.must-lists] what must pass to a registry passes as it should, and what must not is refused with its code", async () => {
  for (const [kind, least] of [
    ["allow", 10],
    ["deny", 130],
  ] as const) {
    const list = parseMustList(file(`npm.must-${kind}`), npm, kind);
    assert.ok(list.ok, list.ok ? "" : list.error);
    assert.ok(list.value.rows.length >= least);
    for await (const { passed, request, expected, got } of runMustList(npm, list.value, {
      ...BARE_PRIMITIVES,
      ...callPrimitives,
    }))
      assert.ok(passed, `${request}: expected ${expected}, got ${got}`);
  }
});

test("[npm.no-tarball-unread] where nothing can open a tarball, nothing is published", () => {
  const { rows } = file("npm.must-allow") as JsonObject as unknown as {
    readonly rows: readonly { readonly method: string; readonly path: string; readonly body?: Json }[];
  };
  const [row] = rows.filter(({ method }) => method === "PUT");
  assert.ok(row !== undefined);
  const head = readHead({ method: "PUT", url: row.path, rawHeaders: ["Host", "gateway.invalid"] });
  assert.ok(head.ok);
  const candidates = route(npm, "PUT", head.value.segments);
  const resource = { name: "npm", location: "https://gateway.invalid/r/npm" };
  const named = nameOperation(candidates, resource, head.value, row.body);
  assert.equal(named.ok ? "named" : named.error.code, "body_refused");
});
