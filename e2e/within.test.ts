import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { JsonObject } from "@remit/core";
import { RemitError } from "@remit/sdk";
import { beginDrill, codeOf, type Drill } from "../examples/ticket/src/story/drills.ts";
import { testWorld, type World } from "./world.ts";

const policy = (name: string, project: string): string => `policy: ${name}
actor: { client: coding-agent }
subject: { issuer: login, claims: { groups: support } }
rights: service
may:
  - type: jira-acme.issue
    within: { type: project, identifier: "${project}" }
    actions: [read, edit, transition]
    fields: { read: [summary, priority], write: [priority] }
limits:
  task: { duration: 1h, depth: 0 }
  grant: { uses: 50 }
  each: { per: [actor, subject], tasks: { live: 20 }, records: { per_hour: 9 } }
approval: none
`;

const CEILING = `ceiling: ours
may:
  - { type: jira-acme.issue, within: { type: project, identifier: "10010" }, actions: [read, edit, transition], fields: { read: [summary, priority], write: [priority] } }
`;

/** Two policies for two projects, and a ceiling that holds one of them. */
function twoProjects(config: string): void {
  writeFileSync(join(config, "policies", "proj.yaml"), policy("proj", "10010"));
  writeFileSync(join(config, "policies", "ops.yaml"), policy("ops", "10020"));
  mkdirSync(join(config, "ceilings"), { recursive: true });
  writeFileSync(join(config, "ceilings", "ours.yaml"), CEILING);
}

const within = (project: JsonObject): JsonObject => ({ within: { type: "project", ...project } });

async function refusalOf(
  world: World,
  record: JsonObject,
  policy?: string,
): Promise<{ readonly code: string; readonly ms: number }> {
  const began = performance.now();
  const refused = await beginDrill(world, record, policy).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(refused instanceof RemitError, "it is refused");
  return { code: refused.code, ms: performance.now() - began };
}

const PATH = "/rest/api/3/issue/";
const HIGH = {
  method: "PUT",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ fields: { priority: { name: "High" } } }),
};

async function called(world: World, drill: Drill, name: string, init?: RequestInit): Promise<Response> {
  return drill.agent.fetch(`${world.remit.gateway}/r/jira-acme${PATH}${name}`, init);
}

test("[within.whole-way] a task for a project is begun by its key and pinned to its id; tickets of it are read and written, others are as good as absent, also one that was moved away", async () => {
  await using world = await testWorld(twoProjects);
  const drill = await beginDrill(world, within({ alias: "PROJ" }), "proj");
  const [, payload = ""] = drill.held.accessToken.reveal().split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { authorization_details: JsonObject[] };
  assert.deepEqual(claims.authorization_details[0]?.["within"], {
    type: "project",
    identifier: "10010",
    alias: "PROJ",
  });
  const read = await called(world, drill, "PROJ-43");
  assert.equal(read.status, 200);
  assert.deepEqual(Object.keys(((await read.json()) as { fields: object }).fields).sort(), ["priority", "summary"]);
  assert.equal(await codeOf(await called(world, drill, "PROJ-43", HIGH)), "ok");
  const said = await Promise.all(
    ["OPS-7", "OPS-9999"].map(async (name) => {
      const answers = [await called(world, drill, name), await called(world, drill, name, HIGH)];
      const texts = await Promise.all(answers.map(async (answer) => answer.text()));
      return texts.map((text) => text.replaceAll(name, "NAME").replaceAll(/dec_\w+/g, "dec"));
    }),
  );
  assert.deepEqual(said[0], said[1]);
  assert.match(said[0]?.[0] ?? "", /"code":"record_not_granted"/);
  await world.control("/__desk/move", { id: "10443", key: "OPS-43" });
  const before = await world.received();
  assert.equal(await codeOf(await called(world, drill, "10443", HIGH)), "record_not_granted");
  assert.equal((await world.received()) - before, 1, "the read that found it elsewhere");
});

test("[within.asked] a project that no policy gives, one over a ceiling, one that is not there and one under a wrong name are refused alike and count; a policy for any one record gives no project", async () => {
  await using world = await testWorld(twoProjects);
  const asked: readonly (readonly [policy: string, project: JsonObject])[] = [
    ["proj", { identifier: "10020" }],
    ["ops", { identifier: "10020" }],
    ["proj", { alias: "NOPE" }],
    ["proj", { identifier: "10010", alias: "OPS" }],
    ["proj", { identifier: "10099" }],
  ];
  const refused = await Promise.all(asked.map(async ([name, project]) => refusalOf(world, within(project), name)));
  for (const { code, ms } of refused) {
    assert.equal(code, "record_not_resolved");
    assert.ok(ms >= 1_400, `${ms} ms`);
  }
  // a ticket of the project lies within it; a project that was asked for in vain counts like a ticket
  const some = { alias: "PROJ-43", fields: { read: ["summary"] } };
  for (let turn = 0; turn < 5; turn++) await beginDrill(world, some, "proj");
  assert.equal((await refusalOf(world, some, "proj")).code, "limit_reached");
});

test("[within.not-from-any] a policy under which a request must name one record gives no whole project", async () => {
  await using world = await testWorld();
  assert.equal((await refusalOf(world, within({ alias: "PROJ" }))).code, "policy_none");
});
