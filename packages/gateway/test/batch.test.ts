import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { JsonObject } from "@remit/core";
import { details, gatewayWorld, type Answer, type GatewayWorld, id, TASK } from "./support/gateway-world.ts";
import { ELSEWHERE, PROJECT, projectWorld } from "./support/project-desk.ts";

const BATCHES = `batches:
  - accept: [/rest/api/3/batch]
    max: 20000
    most: 5
    list: requests
    part: { method: method, target: url, body: body }
    below: /rest
    constants: {}
    answer: { failed: failed, list: results, status: status, body: body }
`;

/** The shipped connector, with small bodies of edits, and with a batch that Jira does not have. */
function withBatch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-connectors-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const shipped = readFileSync(new URL("../../../connectors/jira.yaml", import.meta.url), "utf8");
  writeFileSync(join(folder, "jira.yaml"), shipped.replaceAll(/max: (?:65536|131072)$/gm, "max: 64") + BATCHES);
  return folder;
}

const ISSUE = "api/3/issue/PROJ-42";
const edit = (fields: JsonObject, url: string = ISSUE): JsonObject => ({ method: "PUT", url, body: { fields } });
const HIGH = edit({ priority: { name: "High" } });
const LOW = edit({ priority: { name: "Low" } });
const READ = { method: "GET", url: `${ISSUE}?fields=summary` };

const send = async (world: GatewayWorld, requests: readonly JsonObject[], claims: JsonObject = {}): Promise<Answer> =>
  world.call("POST", "/rest/api/3/batch", { claims, body: JSON.stringify({ requests }) });

const writesOf = ({ upstream }: GatewayWorld): readonly string[] =>
  upstream.reached.filter(({ method }) => method !== "GET").map(({ url, body }) => `${url} ${body}`);

test("[connectors.batch-apart] each request of a batch goes upstream as the call that it is, with records of its own, and is answered in its place", async (t) => {
  const world = await gatewayWorld(t, { connectors: withBatch(t) });
  const answer = await send(world, [HIGH, READ, LOW]);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(JSON.parse(answer.text), {
    failed: false,
    results: [
      { status: 204, body: null },
      { status: 200, body: { id: "10442", key: "PROJ-42", fields: { summary: "Login fails" } } },
      { status: 204, body: null },
    ],
  });
  assert.deepEqual(
    world.upstream.reached.map(({ method, url }) => `${method} ${url}`),
    ["PUT /rest/api/3/issue/10442", "GET /rest/api/3/issue/10442?fields=summary", "PUT /rest/api/3/issue/10442"],
  );
  const records = world.records().filter(({ kind }) => kind.startsWith("call."));
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ["call.intent", "call.outcome", "call.read", "call.intent", "call.outcome"],
  );
  assert.equal(new Set(records.map(({ decision }) => decision)).size, 3);
});

test("[connectors.batch-whole] a batch with one request that is not permitted is refused whole, for that request's reason, and nothing of it is written", async (t) => {
  const world = await gatewayWorld(t, { connectors: withBatch(t) });
  const move = { method: "POST", url: `${ISSUE}/transitions`, body: { transition: { id: "41" } } };
  const odd: readonly (readonly [request: JsonObject, code: string])[] = [
    [{ method: "GET", url: "api/3/issue/PROJ-43" }, "record_not_granted"],
    [edit({ priority: { name: "High" } }, "api/3/issue/10443"), "record_not_granted"],
    [edit({ summary: "changed" }), "field_not_granted"],
    [{ method: "GET", url: `${ISSUE}?fields=description` }, "field_not_granted"],
    [move, "value_not_granted"],
    [{ method: "GET", url: "api/3/search/jql" }, "operation_unknown"],
    [{ method: "DELETE", url: ISSUE }, "operation_unknown"],
    [{ method: "POST", url: "api/3/batch", body: { requests: [HIGH] } }, "operation_unknown"],
    [{ ...READ, body: {} }, "body_refused"],
    [{ method: "PUT", url: ISSUE }, "body_refused"],
    [edit({ priority: { name: "x".repeat(40) } }), "body_refused"],
    [{ method: "GET", url: `${ISSUE}/%2e%2e/PROJ-43` }, "body_refused"],
  ];
  for (const [request, code] of odd)
    for (const requests of [
      [HIGH, request],
      [request, HIGH],
    ])
      assert.equal((await send(world, requests)).code, code, JSON.stringify(request).slice(0, 80));
  assert.deepEqual(writesOf(world), []);
});

test("[connectors.batch-whole] a batch for which too few uses are left is refused whole, and takes none of them", async (t) => {
  const world = await gatewayWorld(t, { connectors: withBatch(t) });
  const claims = { authorization_details: details(world.resource, { limits: { uses: 99 } }), jti: id("tok") };
  const budget = (granted: number): void => {
    const body = JSON.stringify({ reservation: id("rsv"), granted });
    world.peer.state.answers["POST /points/spend"] = { status: 200, body };
  };
  budget(3);
  assert.equal((await send(world, [HIGH], claims)).status, 200);
  budget(0);
  assert.equal((await send(world, [LOW, LOW, LOW], claims)).code, "limit");
  assert.equal(writesOf(world).length, 1);
  assert.equal((await send(world, [LOW, LOW], claims)).status, 200, "the two that are left");
  assert.equal((await send(world, [LOW], claims)).code, "limit");
  assert.equal(writesOf(world).length, 3);
});

test("[connectors.batch-whole] under a grant of a parent every record is placed before anything is sent: one that is elsewhere keeps the whole batch back", async (t) => {
  const { world, desk, claims } = await projectWorld(t, { connectors: withBatch(t) });
  const issue = (number: string, project: string) => ({
    id: number,
    key: `${project === PROJECT ? "PROJ" : "OPS"}-${number}`,
    project,
    version: 1,
  });
  desk.issues.push(issue("7", PROJECT), issue("8", ELSEWHERE), issue("9", PROJECT));
  const read = (number: string): JsonObject => ({ method: "GET", url: `api/3/issue/${number}?fields=summary` });
  const write = edit({ priority: { name: "High" } }, "api/3/issue/7");
  for (const other of [read("8"), read("10"), edit({ priority: { name: "High" } }, "api/3/issue/8")])
    assert.equal((await send(world, [write, other], claims)).code, "record_not_granted");
  assert.deepEqual(desk.writes, []);
  const answer = await send(world, [write, read("9")], claims);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /summary of 9 in 10010/);
  assert.deepEqual(desk.writes, [{ id: "7", project: PROJECT }]);
});

test("[connectors.batch-ended] what ends in the middle of a batch stops the rest of it, and its answer is withheld", async (t) => {
  const world = await gatewayWorld(t, { connectors: withBatch(t) });
  world.upstream.answer = async () => {
    const seen = world.peer.heard("/points/seen");
    world.peer.revoke([{ id: TASK, forget: 3_600 }]);
    await seen;
    return false;
  };
  const answer = await send(world, [HIGH, LOW, READ]);
  assert.deepEqual([answer.status, answer.code], [401, "invalid_token"]);
  assert.equal(world.upstream.reached.length, 1, "the first was on its way");
  const outcomes = world.records().flatMap(({ kind, body }) => (kind === "call.outcome" ? [body["outcome"]] : []));
  assert.deepEqual(outcomes, ["done", "not_sent"]);
});
