import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { testConnector, type Tested } from "../src/connectors/must-test.ts";

const FIXTURE = join(import.meta.dirname, "fixtures", "tracker");

type Change = (text: string) => string;

/** Runs the example's lists after some of its files were changed. */
async function tested(t: TestContext, changes: Readonly<Record<string, Change>>): Promise<Tested> {
  const folder = mkdtempSync(join(tmpdir(), "remit-must-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(FIXTURE, folder, { recursive: true });
  for (const [name, change] of Object.entries(changes)) {
    const file = join(folder, `tracker.${name}`);
    const text = readFileSync(file, "utf8");
    const changed = change(text);
    assert.notEqual(changed, text, `${name} was not changed`);
    writeFileSync(file, changed);
  }
  return testConnector(join(folder, "tracker.yaml"), () => undefined);
}

test("[explain.must-lists] the example's rows come to what they say, and each row that says something else is named with what it came to", async (t) => {
  const good = await tested(t, { yaml: (text) => `${text}# as it is\n` });
  assert.deepEqual(good, { connector: "tracker", rows: { allow: 6, deny: 15 }, failed: [], faults: [] });
  const code = await tested(t, {
    "must-deny.yaml": (text) => text.replace("PROJ-43, code: record_not_granted", "PROJ-43, code: operation_unknown"),
  });
  assert.deepEqual(
    code.failed.map(({ list, request, expected, got }) => [list, request, expected, got.split(":")[0]]),
    [
      [
        "tracker.must-deny.yaml",
        "GET /api/issues/PROJ-43",
        "refused with operation_unknown",
        "refused with record_not_granted",
      ],
    ],
  );
  const wide = await tested(t, {
    "must-deny.yaml": (text) => text.replaceAll("read: [summary, status]", "read: [summary, priority]"),
  });
  assert.deepEqual(
    wide.failed.map(({ expected, got }) => [expected, got]),
    [["refused with field_not_granted", "let through: GET /api/issues/10442?fields=priority"]],
  );
  const sent = await tested(t, {
    "must-allow.yaml": (text) => text.replace("{ fields: { priority: Low } } }", "{ fields: { priority: High } } }"),
  });
  assert.deepEqual(
    sent.failed.map(({ got }) => got),
    ['let through: PUT /api/issues/10442 {"fields":{"priority":"Low"}}'],
  );
});

test("[explain.must-lists-weaker] a connector that lets more through than its lists say fails", async (t) => {
  const open = await tested(t, { yaml: (text) => text.replace(", enum: [Low, Medium, High]", "") });
  assert.deepEqual(
    open.failed.map(({ request, got }) => [request, got]),
    [["PUT /api/issues/PROJ-42", 'let through: PUT /api/issues/10442 {"fields":{"priority":"Huge"}}']],
  );
  const elsewhere = await tested(t, {
    "must-deny.yaml": (text) => text.replace('project: { id: "10020" }', 'project: { id: "10010" }'),
  });
  assert.deepEqual(
    elsewhere.failed.map(({ request, got }) => [request, got]),
    [["PUT /api/issues/OPS-1", 'let through: PUT /api/issues/20001 {"fields":{"priority":"Low"}}']],
  );
});

test("[explain.must-lists-doors] each side door has a row, each deny row a code that can be given before anything is sent", async (t) => {
  const faultsOf = async (name: string, change: Change): Promise<readonly string[]> =>
    (await tested(t, { [name]: change })).faults;
  assert.deepEqual(
    await faultsOf("must-deny.yaml", (text) => text.replace("/api/issues/PROJ-42/watchers", "/api/issues//watchers")),
    ["no must-deny row is for the side door `GET /api/issues/{issue}/watchers`"],
  );
  const rows: readonly (readonly [Change, RegExp])[] = [
    [(text) => text.replace("code: operation_unknown", "code: upstream_failed"), /rows\[0\]\.code`: cannot be given/],
    [(text) => text.replace("code: operation_unknown", "code: no"), /rows\[0\]\.code`: is no code/],
    [(text) => text.replace("code: operation_unknown", "kode: x"), /rows\[0\]\.kode`: is not known here/],
    [(text) => text.replace("grant: one-issue", "grant: none"), /rows\[0\]\.grant`: is one of one-issue, project/],
    [
      (text) => text.replace(/identifier: "10442"\n +alias: PROJ-42/, "identifier: { any: true }"),
      /grants\.one-issue`: names its records/,
    ],
    [(text) => text.replace("body: {}, code", "body: {}, text: x, code"), /either `body` or `text`/],
  ];
  for (const [change, what] of rows) assert.match((await faultsOf("must-deny.yaml", change)).join("\n"), what);
});

test("[explain.must-lists-unknown] a row that depends on an answer of the API fails until the list gives the answer", async (t) => {
  const { failed } = await tested(t, {
    "must-deny.yaml": (text) => text.replace('"GET /api/issues/OPS-1?', '"GET /api/issues/OPS-9?'),
  });
  assert.deepEqual(
    failed.map(({ request, got }) => [request, got]),
    [
      [
        "PUT /api/issues/OPS-1",
        "depends on what issue `OPS-1` is part of; `known` lacks `GET /api/issues/OPS-1?fields=summary%2Cproject`",
      ],
    ],
  );
  const byPath = await tested(t, {
    "must-deny.yaml": (text) => text.replace(/"GET \/api\/issues\/OPS-1\?[^"]*"/, '"GET /api/issues/OPS-1"'),
  });
  assert.deepEqual(byPath.failed, [], "an answer by path alone is one for every query");
  const moves = await tested(t, {
    "must-deny.yaml": (text) => text.replace('"GET /api/issues/10442/moves"', '"GET /api/issues/10443/moves"'),
  });
  assert.equal(moves.failed.length, 2);
  assert.match(moves.failed[0]?.got ?? "", /depends on what `41` means/);
});
