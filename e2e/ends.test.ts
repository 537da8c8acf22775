import assert from "node:assert/strict";
import { test } from "node:test";
import { beginDrill, codeOf, type Drill } from "../examples/ticket/src/story/drills.ts";
import { ownPoint } from "./support/point.ts";
import { gatewayRecords, testWorld, until, type World } from "./world.ts";

const PATH = "/rest/api/3/issue/PROJ-42";
const JSON_TYPE = { "content-type": "application/json" };
const edit = (priority: string): RequestInit => ({
  ...{ method: "PUT", headers: JSON_TYPE, body: JSON.stringify({ fields: { priority: { name: priority } } }) },
});

const called = async (world: World, drill: Drill, init?: RequestInit): Promise<Response> =>
  drill.agent.fetch(`${world.remit.gateway}/r/jira-acme${PATH}`, init);

/** Sends calls that the desk holds, and waits until all of them are there. */
async function holding(
  world: World,
  calls: readonly (() => Promise<Response>)[],
): Promise<readonly Promise<Response>[]> {
  await world.control("/__desk/hold", { times: calls.length });
  const before = await world.received();
  const under = calls.map(async (call) => call());
  await until("the desk has them", async () => (await world.received()) === before + calls.length);
  return under;
}

test("[end.in-flight] ending a task says what became of the calls under way; a write that was sent is recorded and its answer withheld; ending it again says the same", async () => {
  await using world = await testWorld();
  const drill = await beginDrill(world);
  assert.equal((await called(world, drill)).status, 200);
  const [read, write] = await holding(world, [
    async () => called(world, drill),
    async () => called(world, drill, edit("High")),
  ]);
  assert.ok(read !== undefined && write !== undefined);
  const ended = await drill.agent.complete();
  const told = ended.inFlight.toSorted((one, other) => (one.operation < other.operation ? -1 : 1));
  assert.deepEqual(told, [
    { operation: "jira-acme.issue.edit", state: "sent" },
    { operation: "jira-acme.issue.read", state: "aborted" },
  ]);
  assert.ok(ended.points.every(({ seenAt }) => seenAt !== null));
  assert.equal(await codeOf(await read), "invalid_token");
  const again = await drill.agent.complete();
  assert.deepEqual({ ...again, points: [] }, { ...ended, points: [] });
  await world.control("/__desk/release", {});
  assert.equal(await codeOf(await write), "invalid_token", "the answer is withheld");
  const outcome = gatewayRecords(world).findLast(({ kind }) => kind === "call.outcome");
  assert.deepEqual([outcome?.body["outcome"], outcome?.body["upstream_status"]], ["done", 204]);
});

test("[end.silent-point] a point that says nothing delays the answer by its bound at most and is listed without a time; what it was doing is told once it is heard of", async () => {
  await using world = await testWorld();
  const drill = await beginDrill(world);
  assert.equal((await called(world, drill)).status, 200);
  const [write] = await holding(world, [async () => called(world, drill, edit("Low"))]);
  assert.ok(write !== undefined);
  const { gateway } = world.remit.pids;
  process.kill(gateway, "SIGSTOP");
  const began = performance.now();
  const silent = await drill.agent.complete().finally(() => process.kill(gateway, "SIGCONT"));
  const took = performance.now() - began;
  // the bound of writes in this world is 900 ms; the rest is two requests on a busy machine
  assert.ok(took > 800 && took < 5_000, `${took} ms`);
  assert.deepEqual([silent.points.map(({ seenAt }) => seenAt), silent.inFlight], [[null], []]);
  let later = silent;
  await until("the point is heard of", async () => {
    later = await drill.agent.complete();
    return later.points.every(({ seenAt }) => seenAt !== null);
  });
  assert.deepEqual(later.inFlight, [{ operation: "jira-acme.issue.edit", state: "sent" }]);
  assert.equal(later.endedAt, silent.endedAt);
  await world.control("/__desk/release", {});
  assert.equal(await codeOf(await write), "invalid_token");
});

test("[end.own-calls-only] a point tells of calls at resources that it serves, and of ends that were; of all else nobody hears", async () => {
  await using world = await testWorld();
  const drill = await beginDrill(world);
  const point = await ownPoint(world, "stranger");
  try {
    const connection = { id: `cnx_${"0".repeat(26)}`, name: "own", resource: "own", connector: "own@1" };
    const base = "https://stranger.example";
    const hello = { base, connections: [{ ...connection, as: "service", account: "x" }] };
    const { epoch, n: before } = JSON.parse((await point.post("/points/hello", hello)).text) as Place;
    const [read] = await holding(world, [async () => called(world, drill)]);
    const ended = await drill.agent.complete();
    assert.ok(read !== undefined);
    await read;
    assert.deepEqual(ended.inFlight, [{ operation: "jira-acme.issue.read", state: "aborted" }]);
    const n = before + 1;
    const tell = async (id: string, at: number, operation: string): Promise<number> =>
      (await point.post("/points/seen", { epoch, n, in_flight: [{ id, n: at, operation, state: "sent" }] })).status;
    const { task } = drill.held;
    assert.equal(await tell(task, n, "jira-acme.issue.edit"), 200, "a resource of another point");
    assert.deepEqual((await drill.agent.complete()).inFlight, ended.inFlight);
    assert.equal(await tell(task, n, "own.issue.edit"), 200, "a task at a resource of another point");
    assert.deepEqual((await drill.agent.complete()).inFlight, ended.inFlight);
    // those that are remembered are so many, and ends that never were would drive them out
    for (let at = 0; at < 3; at++) {
      const made_up = Array.from({ length: 1_000 }, (_, of) => {
        return { id: `usr_${at}_${of}`, n, operation: "own.issue.edit", state: "sent" };
      });
      assert.equal((await point.post("/points/seen", { epoch, n, in_flight: made_up })).status, 200);
    }
    assert.deepEqual((await drill.agent.complete()).inFlight, ended.inFlight);
  } finally {
    point.close();
  }
});

interface Place {
  readonly epoch: number;
  readonly n: number;
}
