import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type Authority,
  type Json,
  type JsonObject,
  nameOperation,
  parseConnector,
  parseHeld,
  permits,
  readHead,
  readJson,
  rebuild,
  route,
} from "@remit/core";
import { callPrimitives, sha256 } from "@remit/sdk";
import { parse } from "yaml";

// The lists beside the npm connector, judged with the means to open a tarball.

interface Row {
  readonly grant: string;
  readonly method: string;
  readonly path: string;
  readonly why: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly text?: string;
  readonly code?: string;
  readonly sent?: JsonObject;
}

interface List {
  readonly grants: Readonly<Record<string, readonly JsonObject[]>>;
  readonly rows: readonly Row[];
}

// our own files, whose form the runner of must lists checks
const file = (name: string): unknown =>
  parse(readFileSync(new URL(`../../connectors/${name}.yaml`, import.meta.url), "utf8"));
const plain = (value: unknown): Json => {
  const read = readJson(JSON.stringify(value));
  assert.ok(read.ok);
  return read.value;
};
const [deny, allow] = [file("npm.must-deny") as List, file("npm.must-allow") as List];
const connector = parseConnector(plain(file("npm")), sha256);
assert.ok(connector.ok, connector.ok ? "" : connector.error);
const { value: npm } = connector;
const location = "https://gateway.invalid/r/npm";

function authorityOf({ grants }: List, name: string): Authority {
  const held = parseHeld(plain(grants[name]), (type) => {
    const recordType = type === "npm.package" ? npm.types["package"] : undefined;
    return recordType === undefined ? undefined : { location, connector: npm, recordType };
  });
  assert.ok(held.ok, held.ok ? "" : held.error.detail);
  return held.value;
}

/** The code of the refusal, or what is sent. */
function judge(list: List, row: Row): string | JsonObject {
  const written = row.text ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
  const headers = { "Content-Type": "application/json", ...row.headers, Host: "gateway.invalid" };
  const rawHeaders = Object.entries(headers).flat();
  const head = readHead({ method: row.method, url: `/r/npm${row.path}`, rawHeaders });
  if (!head.ok) return "head_refused";
  const candidates = route(npm, row.method, head.value.segments.slice(2));
  if (candidates.length === 0) return "operation_unknown";
  const limits = candidates[0]?.spec.body?.limits;
  const body = written === undefined ? undefined : readJson(written, limits);
  if (body?.ok === false || headers["Content-Type"] !== "application/json" || "Content-Encoding" in headers)
    return "body_refused";
  const named = nameOperation(candidates, { name: "npm", location }, head.value, body?.value, callPrimitives);
  if (!named.ok) return named.error.code;
  const authority = authorityOf(list, row.grant);
  const decided = permits(authority, named.value.operation);
  if (!decided.ok) return decided.error.code;
  const [entry] = authority;
  assert.ok(entry?.record.by === "identifier");
  const { method, target, body: sent } = rebuild(named.value, entry.record.identifier, entry);
  return { method, path: target, ...(sent === undefined ? {} : { body: plain(JSON.parse(sent)) }) };
}

test("[npm.must-lists] what must pass to a registry passes as it should, and what must not is refused with its code", () => {
  assert.ok(deny.rows.length >= 130);
  for (const row of allow.rows) assert.deepEqual(plain(judge(allow, row)), plain(row.sent), row.why);
  for (const row of deny.rows) assert.equal(judge(deny, row), row.code, row.why);
});

test("[npm.no-tarball-unread] where nothing can open a tarball, nothing is published", () => {
  const [row] = allow.rows.filter(({ method }) => method === "PUT");
  assert.ok(row !== undefined);
  const head = readHead({ method: "PUT", url: row.path, rawHeaders: ["Host", "gateway.invalid"] });
  assert.ok(head.ok);
  const candidates = route(npm, "PUT", head.value.segments);
  const named = nameOperation(candidates, { name: "npm", location }, head.value, plain(row.body));
  assert.equal(named.ok ? "named" : named.error.code, "body_refused");
});
