import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Answer, GatewayWorld } from "./support/gateway-world.ts";
import { details, id } from "./support/gateway-world.ts";
import {
  ELSEWHERE,
  moveTo,
  PROJECT,
  type ProjectDesk,
  projectWorld,
  summaryOf,
  withinDetails,
} from "./support/project-desk.ts";

const at = (name: string): string => `/rest/api/3/issue/${name}`;
const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';
const MOVE = '{"transition":{"id":"31"}}';

type Kind = "read" | "edit" | "list" | "move";

/** The calls that a grant of a project may be for, on a record of this name. */
const CALLS: Readonly<Record<Kind, (name: string) => readonly [method: string, path: string, body?: string]>> = {
  read: (name) => ["GET", at(name)],
  edit: (name) => ["PUT", at(name), PRIORITY],
  list: (name) => ["GET", `${at(name)}/transitions`],
  move: (name) => ["POST", `${at(name)}/transitions`, MOVE],
};
const KINDS = ["read", "edit", "list", "move"] as const;

const issue = (number: string, project: string): ProjectDesk["issues"][number] => ({
  ...{ id: number, key: `${project === PROJECT ? "PROJ" : "OPS"}-${number}`, project, version: 1 },
});

async function ask(world: GatewayWorld, kind: Kind, name: string, claims: object): Promise<Answer> {
  const [method, path, body] = CALLS[kind](name);
  return world.call(method, path, { claims: { ...claims }, ...(body === undefined ? {} : { body }) });
}

const reached = (world: GatewayWorld): readonly string[] =>
  world.upstream.reached.map(({ method, url }) => `${method} ${url}`);

test("[within.read-proven-by-answer] a read under a grant of a project is one request, which asks where the record is and does not pass that on", async (t) => {
  const { world, desk, claims } = await projectWorld(t);
  desk.issues.push(issue("7", PROJECT));
  const answer = await ask(world, "read", "PROJ-7", claims);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(JSON.parse(answer.text), {
    ...{ id: "7", key: "PROJ-7" },
    fields: {
      summary: summaryOf(issue("7", PROJECT)),
      status: { id: "1", name: "Open" },
      priority: { id: "3", name: "Low" },
    },
  });
  assert.deepEqual(reached(world), ["GET /rest/api/3/issue/PROJ-7?fields=priority%2Cstatus%2Csummary%2Cproject"]);
  const record = world.records().findLast(({ kind }) => kind === "call.read");
  assert.deepEqual([record?.body["record"], record?.body["outcome"]], ["7", "done"]);
  const named = await world.call("GET", `${at("7")}?fields=status`, { claims });
  assert.deepEqual(JSON.parse(named.text), { id: "7", key: "PROJ-7", fields: { status: { id: "1", name: "Open" } } });
});

test("[within.write-by-read-id] a write under a grant of a project reads the record in the same call, again right before it, and addresses it by the id that was read", async (t) => {
  const { world, desk, claims } = await projectWorld(t);
  desk.issues.push(issue("7", PROJECT));
  for (const kind of ["edit", "move", "list"] as const) {
    world.upstream.reached.length = 0;
    const answer = await ask(world, kind, "PROJ-7", claims);
    assert.ok(answer.status < 300, answer.text);
    const proof = (name: string): string => `GET ${at(name)}?fields=summary%2Cproject`;
    const moves = `${at("7")}/transitions`;
    assert.deepEqual(
      reached(world),
      {
        edit: [proof("PROJ-7"), proof("7"), `PUT ${at("7")}`],
        move: [proof("PROJ-7"), `GET ${moves}`, proof("7"), `POST ${moves}`],
        list: [proof("PROJ-7"), `GET ${moves}`, proof("7")],
      }[kind],
    );
  }
  assert.deepEqual(desk.writes, [
    { id: "7", project: PROJECT },
    { id: "7", project: PROJECT },
  ]);
});

test("[within.no-existence-oracle] a record of another project, an excluded one, one under a name it had before and one that is not there get the same bytes after the same requests", async (t) => {
  const { world, desk } = await projectWorld(t);
  const claims = { authorization_details: withinDetails(world.resource, { except: ["9"] }) };
  desk.issues.push(issue("8", ELSEWHERE), issue("9", PROJECT));
  // the desk follows the old key of a ticket that is in the project, as Jira does
  const renamed = { ...issue("7", PROJECT), key: "PROJ-7" };
  desk.before = ({ url }) => {
    renamed.key = url.includes("PROJ-70") ? "PROJ-70" : "PROJ-7";
  };
  const answers: Record<string, string> = {};
  for (const kind of KINDS) {
    for (const name of ["OPS-8", "8", "PROJ-9", "9", "PROJ-404", "404"]) {
      world.upstream.reached.length = 0;
      const answer = await ask(world, kind, name, claims);
      assert.deepEqual([answer.status, answer.code], [403, "record_not_granted"], `${kind} ${name}: ${answer.text}`);
      const said = JSON.stringify({ ...JSON.parse(answer.text), decision: "" })
        .replaceAll(`"${name}"`, '"NAME"')
        // a name is told back as what it is spelled like
        .replace('"identifier":"NAME"', '"alias":"NAME"');
      const told = JSON.stringify([said, answer.headers.get("www-authenticate"), reached(world).length]);
      assert.equal(told, (answers[kind] ??= told), `${kind} ${name}`);
      assert.equal(reached(world).length, 1);
    }
  }
  assert.deepEqual(desk.writes, []);
});

test("[within.odd-proofs] an answer about another name, without a parent, of another form, with the credential, or an error that could be the record's is the one refusal; a failure of the upstream is told as one", async (t) => {
  const { world, claims } = await projectWorld(t);
  const good = { id: "7", key: "PROJ-7", fields: { project: { id: PROJECT } } };
  const outside: readonly (readonly [status: number, body: unknown])[] = [
    [200, { ...good, id: "8", key: "PROJ-8" }],
    [200, { ...good, key: "PROJ-07" }],
    [200, { ...good, fields: {} }],
    [200, { ...good, fields: { project: { id: 10_020 } } }],
    [200, { ...good, fields: { project: { id: ELSEWHERE } } }],
    [200, { ...good, fields: { ...good.fields, summary: "canary-7Zq/+9&x%2F~Lw" } }],
    [200, { ...good, pad: "x".repeat(1_100_000) }],
    ...[400, 403, 404, 410, 500].map((status) => [status, {}] as const),
  ];
  for (const [status, body] of outside) {
    world.upstream.answer = (_request, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      return true;
    };
    for (const kind of KINDS) {
      const { code, text } = await ask(world, kind, "PROJ-7", claims);
      assert.equal(code, "record_not_granted", `${kind} ${status} ${JSON.stringify(body).slice(0, 80)}: ${text}`);
    }
  }
  for (const status of [401, 429, 503]) {
    world.upstream.answer = (_request, response) => {
      response.writeHead(status).end();
      return true;
    };
    for (const kind of KINDS) assert.equal((await ask(world, kind, "PROJ-7", claims)).code, "upstream_refused");
  }
});

test("[within.refused-unread] what no record of the project would be permitted is refused before anything is read, by what it lacks", async (t) => {
  const { world } = await projectWorld(t);
  const claims = { authorization_details: withinDetails(world.resource, { actions: ["read"], where: {} }) };
  assert.equal((await ask(world, "edit", "PROJ-7", claims)).code, "operation_not_granted");
  const field = await world.call("GET", `${at("PROJ-7")}?fields=labels`, { claims });
  assert.equal(field.code, "field_not_granted");
  assert.deepEqual(world.upstream.reached, []);
});

test("[within.moved-before-write] a record that is moved between the decision and the write is not written, the use comes back, and the refusal is the one of a record that is elsewhere", async (t) => {
  const { world, desk } = await projectWorld(t);
  world.peer.state.answers["POST /points/spend"] = { status: 200, body: '{"reservation":"rsv_1","granted":1}' };
  const authorization_details = withinDetails(world.resource, { limits: { uses: 5 } });
  const claims = { authorization_details, jti: id("tok") };
  for (const kind of ["edit", "move"] as const) {
    desk.issues.splice(0, 9, issue("7", PROJECT));
    let reads = 0;
    desk.before = ({ url }) => {
      reads += url.includes("fields=") ? 1 : 0;
      const [moved] = desk.issues;
      if (reads === 2 && moved !== undefined) moveTo(moved, ELSEWHERE);
    };
    const answer = await ask(world, kind, "7", claims);
    assert.deepEqual([answer.status, answer.code], [403, "record_not_granted"]);
    const outcome = world.records().findLast((record) => record.kind === "call.outcome");
    assert.deepEqual([outcome?.body["outcome"], outcome?.body["code"]], ["not_sent", "record_not_granted"]);
  }
  assert.deepEqual(desk.writes, []);
  assert.equal(world.peer.asked.filter(({ path }) => path === "/points/spend").length, 1, "the use came back");
});

test("[within.atomic] where the API has a condition the write carries the version that was read, and a record changed since is not written", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "remit-connectors-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const shipped = readFileSync(new URL("../../../connectors/jira.yaml", import.meta.url), "utf8");
  const own = shipped
    .replace("show: { summary: /fields/summary }", "show: { summary: /fields/summary }\n      version: etag")
    .replace("precondition: checked", "precondition: atomic");
  writeFileSync(join(folder, "jira.yaml"), own);
  const { world, desk, claims } = await projectWorld(t, { connectors: folder });
  desk.issues.push(issue("7", PROJECT));
  assert.equal((await ask(world, "edit", "7", claims)).status, 204);
  const put = world.upstream.reached.find(({ method }) => method === "PUT");
  assert.ok(put?.rawHeaders.includes('"1"') === true, "the write carries the version that was read");
  assert.equal(reached(world).length, 2, "the condition is the second look");
  // moved in the very moment before the write
  desk.before = ({ method }) => {
    const [moved] = desk.issues;
    if (method !== "PUT" || moved === undefined) return;
    moveTo(moved, ELSEWHERE);
    moved.version += 1;
  };
  const late = await ask(world, "edit", "7", claims);
  assert.deepEqual([late.status, late.code], [409, "precondition_failed"]);
  assert.deepEqual(desk.writes, [{ id: "7", project: PROJECT }]);
});

test("[within.two-entries] an entry that names a record and one for its project are each judged whole, and never add up", async (t) => {
  const { world, desk } = await projectWorld(t);
  desk.issues.push({ ...issue("10442", PROJECT), key: "PROJ-42" });
  const authorization_details = [
    ...details(world.resource, { actions: ["read"], where: {}, fields: { read: ["status"], write: [] } }),
    ...withinDetails(world.resource, { actions: ["edit"], where: {}, fields: { read: [], write: ["priority"] } }),
  ];
  const claims = { authorization_details };
  const read = await ask(world, "read", "PROJ-42", claims);
  assert.deepEqual(JSON.parse(read.text).fields, { status: { id: "1", name: "Open" } });
  assert.equal((await ask(world, "edit", "PROJ-42", claims)).status, 204);
  assert.equal((await ask(world, "move", "PROJ-42", claims)).code, "operation_not_granted");
  // the alias that the first entry is pinned to is another ticket's by now
  desk.issues.splice(0, 9, { ...issue("5", PROJECT), key: "PROJ-42" });
  const summary = await world.call("GET", `${at("PROJ-42")}?fields=summary`, { claims });
  assert.equal(summary.code, "field_not_granted");
  assert.ok(!summary.text.includes("summary of"));
});

test("[within.nothing-of-another-parent] whatever is called and whenever records are moved, no record of another project is disclosed, nor written if it was moved before the last read", async (t) => {
  const { world, desk, claims } = await projectWorld(t);
  const call = fc.record({
    kind: fc.constantFrom(...KINDS),
    byKey: fc.boolean(),
    which: fc.integer({ min: 0, max: 2 }),
    /** Before which request of the call the record is moved, and to where. */
    move: fc.record({ before: fc.integer({ min: 1, max: 5 }), to: fc.constantFrom(PROJECT, ELSEWHERE) }),
    starts: fc.constantFrom(PROJECT, ELSEWHERE),
  });
  let [refused, done] = [0, 0];
  await fc.assert(
    fc.asyncProperty(call, async ({ kind, byKey, which, move, starts }) => {
      desk.issues.splice(0, 9, issue("6", PROJECT), issue("7", starts), issue("8", ELSEWHERE));
      desk.writes.length = 0;
      const subject = desk.issues[which];
      assert.ok(subject !== undefined);
      let requests = 0;
      let lastRead = "";
      desk.before = ({ method, url }) => {
        requests += 1;
        // Jira has no condition: what is moved in the moment between the last read and the write is written
        if (method === "GET" && move.before === requests) moveTo(subject, move.to);
        if (url.includes("fields=")) lastRead = subject.project;
      };
      const answer = await ask(world, kind, byKey ? subject.key : subject.id, claims);
      assert.ok(!answer.text.includes(`in ${ELSEWHERE}`), answer.text);
      for (const write of desk.writes) assert.equal(write.project, PROJECT);
      if (answer.status < 300) assert.equal(lastRead, PROJECT);
      if (answer.status < 300) done += 1;
      else refused += 1;
    }),
    { numRuns: 300 },
  );
  assert.ok(done > 30 && refused > 30, `${done} done, ${refused} refused`);
});
