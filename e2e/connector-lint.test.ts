import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isJsonObject, type Json, parseConnector } from "@remit/core";
import { type Ended, remit } from "@remit/testkit";
import { lintConnector } from "../packages/cli/src/lint/lint.ts";
import { blocksOf, plainData, sha256, shippedConnectors } from "./support/connectors.ts";

const yaml = blocksOf("docs/connectors.md", "library.yaml");
const guide = plainData(yaml);

/** The guide's connector with another value at one place; undefined takes the member away. */
function changed(path: string, value: Json | undefined, from: Json = guide): Json {
  const [name = "", ...rest] = path.split(".");
  if (!isJsonObject(from)) throw new Error(`nothing is at ${path}`);
  const { [name]: old = {}, ...others } = from;
  if (rest.length > 0) return { ...others, [name]: changed(rest.join("."), value, old) };
  return value === undefined ? others : { ...others, [name]: value };
}

/** Findings as `severity rule path`. */
function findings(connector: Json): readonly string[] {
  const read = parseConnector(connector, sha256);
  assert.ok(read.ok, read.ok ? "" : read.error);
  const found = lintConnector(read.value);
  for (const { what, why, fix } of found) assert.ok(what !== "" && why !== "" && fix !== "");
  return found.map(({ severity, rule, path }) => `${severity} ${rule} ${path.join(".")}`);
}

const LOAN = "types.loan";
const READ = `${LOAN}.operations.read`;
const NAME = "unconstrained-identifier";
const string = { kind: "string", max: 200 };
const member = (node: Json): Json => ({ kind: "object", members: { a: { node, absent: { rule: "refuse" } } } });

const CASES: readonly (readonly [path: string, value: Json | undefined, found: string])[] = [
  [`${LOAN}.identifier`, "[a-z/]{1,9}", `error ${NAME} ${LOAN}.identifier`],
  [`${LOAN}.identifier`, "[a-z%]{1,9}", `error ${NAME} ${LOAN}.identifier`],
  [`${LOAN}.identifier`, String.raw`[a-z]{1,9}\/[a-z]{1,9}`, `error ${NAME} ${LOAN}.identifier`],
  [`${LOAN}.alias`, "[^a-z]{1,9}", `error ${NAME} ${LOAN}.alias`],
  [`${LOAN}.alias`, "[a-z.]{1,9}", `warning ${NAME} ${LOAN}.alias`],
  [`${LOAN}.alias`, "[a-z]{1,400}", `warning ${NAME} ${LOAN}.alias`],
  [
    READ,
    {
      ...(guide["types"] as { loan: { operations: { read: object } } }).loan.operations.read,
      path: "/v1/loans/{record}/notes/{note}",
      params: { note: { schema: { ...string, pattern: "[a-z?]{1,9}" }, as: "/note" } },
    },
    `error ${NAME} ${READ}.params.note`,
  ],
  [
    `${READ}.response`,
    { kind: "value", status: [200], max: 99, shape: { kind: "object", members: { a: string }, required: [] } },
    `warning answer-not-compared ${READ}.response`,
  ],
  [
    LOAN,
    {
      ...{ title: "loan", parents: {}, fields: {} },
      identifier: { text: "{shelf}/{number}", parts: { shelf: "[a-z]{1,9}", number: "[0-9]{1,9}" } },
      operations: {
        read: {
          ...{ action: "read", title: "read", class: "read", precondition: "none", method: "GET", query: {} },
          path: "/v1/shelves/{shelf}/loans/{number}",
          response: { kind: "record", status: [200], max: 99, id: { "{number}": "/id" }, fields: "", keep: {} },
        },
      },
    },
    `warning answer-not-compared ${READ}.response.id`,
  ],
  [
    `${LOAN}.fields.parent`,
    { title: "parent", read: string },
    `warning reaches-other-records ${LOAN}.fields.parent.read`,
  ],
  [
    `${LOAN}.fields.also`,
    { title: "also", at: "/subtasks", read: { kind: "array", max: 9, items: string } },
    `warning reaches-other-records ${LOAN}.fields.also.read`,
  ],
  [
    `${LOAN}.fields.member`,
    { title: "member", at: "/member_id", write: { schema: { kind: "integer" }, canonical: "" } },
    `error reaches-other-records ${LOAN}.fields.member.write`,
  ],
  [
    // under its own name, and under no name of a type: what says it is where the parent is read from
    `${LOAN}.fields.member_id`,
    { title: "borrower", write: { schema: { kind: "integer" }, canonical: "" } },
    `error reaches-other-records ${LOAN}.fields.member_id.write`,
  ],
  [
    "types.member.fields.borrowed",
    {
      title: "borrowed",
      read: { kind: "nullable", of: { kind: "object", members: { due: string, remark: string }, required: [] } },
    },
    "warning reaches-other-records types.member.fields.borrowed.read",
  ],
  [
    `${READ}.query.expand`,
    { kind: "value", schema: string, as: "/expand" },
    `error reaches-other-records ${READ}.query.expand`,
  ],
  [
    `${LOAN}.operations.renew.body.root`,
    member({ kind: "opaque" }),
    `error opaque-without-bounds ${LOAN}.operations.renew.body.root.members.a.node`,
  ],
  [
    `${LOAN}.operations.renew.body.root`,
    member({ kind: "value", as: "/a", schema: { kind: "array", max: 9, items: { kind: "opaque" } } }),
    `error opaque-without-bounds ${LOAN}.operations.renew.body.root.members.a.node.schema.items`,
  ],
  [`${LOAN}.fields.x`, { title: "x", read: { kind: "opaque" } }, `warning opaque-without-bounds ${LOAN}.fields.x.read`],
  ["side_doors", undefined, "error side-door-missing side_doors"],
  ["side_doors", [{ door: "GET /v1/search", reaches: "all" }], "warning side-door-missing side_doors"],
  [`${LOAN}.operations.edit.precondition`, "none", `error precondition-none ${LOAN}.operations.edit.precondition`],
  ["residual", undefined, "error residual-missing residual"],
  ["residual.could", [], "error residual-missing residual"],
  ["residual.narrower", ["not looked up yet: ask"], "warning residual-missing residual"],
];

test("[connector-tools.lint-finds] each kind of carelessness is found where it stands, and the guide's connector has none", () => {
  assert.deepEqual(findings(guide), []);
  for (const [path, value, found] of CASES)
    assert.ok(findings(changed(path, value)).includes(found), `${found}: ${findings(changed(path, value)).join("; ")}`);
});

test("[connector-tools.lint-finds] a named shape that holds itself is entered once", () => {
  const members = { again: { kind: "ref", name: "note" }, any: { kind: "opaque" } };
  const shaped = changed("shapes", { note: { kind: "object", members, required: [] } });
  const connector = changed(`${LOAN}.fields.note`, { title: "note", read: { kind: "ref", name: "note" } }, shaped);
  assert.deepEqual(findings(connector), [`warning opaque-without-bounds ${LOAN}.fields.note.read.members.any`]);
});

test("[connector-tools.lint-bounded] what is bounded is not found", () => {
  const bounded: readonly (readonly [string, Json])[] = [
    [`${LOAN}.operations.renew.body.root`, member({ kind: "opaque", as: "/a" })],
    [`${LOAN}.operations.renew.body.root`, member({ kind: "opaque", same: { "/id": "{record}" } })],
    [`${LOAN}.operations.renew.body.root`, member({ kind: "value", as: "/a", schema: { kind: "opaque" } })],
    [`${READ}.query.expand`, { kind: "constant", value: "none" }],
    [`${READ}.query.expand`, { kind: "value", schema: { ...string, enum: ["a"] }, as: "/expand" }],
    [`${LOAN}.operations.edit.precondition`, "checked"],
    [
      `${LOAN}.fields.parent`,
      { title: "parent", read: { kind: "object", members: { id: string, key: string }, required: [] } },
    ],
  ];
  for (const [path, value] of bounded) assert.deepEqual(findings(changed(path, value)), [], path);
});

async function lint(t: TestContext, file: string, text: string, ...flags: readonly string[]): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), "remit-lint-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, file), text);
  return remit(["connector", "lint", join(folder, file), ...flags], { env: { REMIT_HOME: folder } });
}

test("[connector-tools.lint-exit] an error ends the command with 1, with line, reason and fix; a connector without any ends with 0", async (t) => {
  const fine = await lint(t, "library.yaml", yaml);
  assert.deepEqual([fine.code, fine.stderr], [0, ""]);
  assert.match(fine.stdout, /library\.yaml: no errors, 0 warnings/);
  const careless = yaml.replace("precondition: atomic", "precondition: none   ");
  const line = careless.split("\n").findIndex((text) => text.includes("precondition: none   ")) + 1;
  const said = await lint(t, "library.yaml", careless);
  assert.equal(said.code, 1);
  assert.ok(
    said.stderr.includes(`library.yaml:${line} error \`edit\` has no precondition (precondition-none)`),
    said.stderr,
  );
  assert.match(said.stderr, /why {2}the API names versions.*\n.*fix {2}`precondition: atomic`/);
  const json = await lint(t, "library.yaml", careless, "--json");
  const answer = JSON.parse(json.stdout) as { ok: boolean; findings: readonly Record<string, unknown>[] };
  assert.deepEqual([json.code, answer.ok, answer.findings.length], [1, false, 1]);
  assert.deepEqual(Object.keys(answer.findings[0] ?? {}).sort(), [
    "fix",
    "line",
    "path",
    "rule",
    "severity",
    "what",
    "why",
  ]);
  const broken = await lint(t, "library.yaml", yaml.replace("connector: library", "connector: Library"));
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /is not a connector: `connector`: is a name of small letters/);
});

test("[connector-tools.lint-shipped] a shipped connector is found by its name and has no errors, and what is unknown is said", async () => {
  assert.ok(shippedConnectors().has("jira.yaml"));
  for (const file of shippedConnectors().keys()) {
    const known = await remit(["connector", "lint", file.replace(".yaml", ""), "--json"], { env: {} });
    const { findings: found } = JSON.parse(known.stdout) as { findings: readonly { severity: string }[] };
    assert.deepEqual(
      found.filter(({ severity }) => severity === "error"),
      [],
      file,
    );
  }
  const unknown = await remit(["connector", "lint", "gopher"], { env: {} });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /`gopher` is no connector\n {2}fix: shipped are .*jira/);
});
