import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@remit/core";
import { id as fixtureId, NOW } from "../../sdk/test/support/fixture.ts";
import { LIVE, run, until } from "../../sdk/test/support/joined.ts";
import { createFlights, type Flight } from "../src/in-flight.ts";
import { details, GRANT, gatewayWorld, type GatewayWorld, id, ISSUE, TASK } from "./support/gateway-world.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';
/** As many exchanges as one connection's pool has at once. */
const POOL = 32;

/** Holds what reaches the upstream until it is told; `arrived` resolves when so many are held. */
function hold(world: GatewayWorld, count: number): { readonly arrived: Promise<void>; readonly release: () => void } {
  const arrived = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  let held = 0;
  world.upstream.answer = async () => {
    held += 1;
    if (held === count) arrived.resolve();
    await told.promise;
    return false;
  };
  return { arrived: arrived.promise, release: () => told.resolve() };
}

/** What the last message that told of calls under way said of them: how many of each. */
function reported(world: GatewayWorld, path: string): Readonly<Record<string, number>> {
  const bodies = world.peer.asked.filter((one) => one.path === path).map(({ body }) => body);
  const applied = bodies.map((body) => (path === "/points/challenge" ? body["applied"] : body) as Record<string, Json>);
  const told = (applied.findLast((body) => body["in_flight"] !== undefined)?.["in_flight"] ?? []) as readonly {
    readonly [name: string]: Json;
  }[];
  return Object.fromEntries(
    Map.groupBy(told, (one) => [one["id"], one["n"], one["operation"], one["state"]].join(" "))
      .entries()
      .map(([what, all]) => [what, all.length]),
  );
}

test("[in-flight.unsent-stays-unsent] when a task ends, a write that waits for a connection is never sent and answered at once, its use comes back, and those on their way are awaited, recorded and withheld", async (t) => {
  const world = await gatewayWorld(t);
  const granted = { reservation: "rsv_1", granted: POOL + 1 };
  world.peer.state.answers["POST /points/spend"] = { status: 200, body: JSON.stringify(granted) };
  const claims = { authorization_details: details(world.resource, { limits: { uses: 99 } }), jti: id("tok") };
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  const held = hold(world, POOL);
  const write = async (): Promise<number> => (await world.call("PUT", ISSUE, { claims, body: PRIORITY })).status;
  const sent = Promise.all(Array.from({ length: POOL }, write));
  await held.arrived;
  // only what is durable is shipped, and a write whose intent is durable goes on to wait for a connection
  const intents = (): number =>
    Math.max(
      ...world.peer.asked.map(({ path, body }) =>
        path === "/points/ship" ? (body["lines"] as string[]).filter((line) => line.includes("call.intent")).length : 0,
      ),
    );
  const waiting = write();
  while (intents() <= POOL) await world.peer.heard("/points/ship");
  const seen = world.peer.heard("/points/seen");
  world.peer.revoke([{ id: TASK, forget: 3_600 }]);
  await seen;
  assert.equal(await waiting, 401, "before anything else is answered");
  assert.deepEqual(reported(world, "/points/seen"), {
    [`${TASK} 1 jira-acme.issue.edit sent`]: POOL,
    [`${TASK} 1 jira-acme.issue.edit aborted`]: 1,
  });
  held.release();
  assert.deepEqual(new Set(await sent), new Set([401]));
  const outcomes = world
    .records()
    .flatMap(({ kind, body }) => (kind === "call.outcome" ? [String(body["outcome"])] : []));
  assert.deepEqual(outcomes.toSorted(), [...Array.from({ length: POOL }, () => "done"), "not_sent"]);
  // the one use that was given back is the one that is left
  const task = id("tsk");
  const next = await world.call("GET", ISSUE, { claims: { ...claims, task, live: [task, GRANT] } });
  assert.equal(next.status, 200, next.text);
  assert.equal(world.peer.asked.filter(({ path }) => path === "/points/spend").length, 1);
  // whatever waited for a connection had its turn before as many later calls as there are connections
  await Promise.all(
    Array.from({ length: POOL }, async () => world.call("GET", ISSUE, { claims: { task, live: [task] } })),
  );
  assert.equal(world.upstream.reached.filter(({ method }) => method === "PUT").length, POOL);
});

test("[in-flight.reported-late] what an end reached is told with the next challenge if the acknowledgement is lost, once", async (t) => {
  const world = await gatewayWorld(t, { boundsMs: 1_000 });
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  const held = hold(world, 2);
  const read = world.call("GET", ISSUE);
  const write = world.call("PUT", ISSUE, { body: PRIORITY });
  await held.arrived;
  world.peer.state.answers["POST /points/seen"] = { status: 500, body: "{}" };
  world.peer.revoke([
    { id: id("usr"), before: 1, forget: 3_600 },
    { id: GRANT, forget: 3_600 },
  ]);
  assert.equal((await read).status, 401, "a read is cut at once");
  const told = {
    [`${GRANT} 2 jira-acme.issue.read aborted`]: 1,
    [`${GRANT} 2 jira-acme.issue.edit sent`]: 1,
  };
  while (Object.keys(reported(world, "/points/challenge")).length === 0) await world.peer.heard("/points/challenge");
  assert.deepEqual(reported(world, "/points/challenge"), told);
  await world.peer.heard("/points/challenge", 3);
  const last = world.peer.asked.findLast(({ path }) => path === "/points/challenge")?.body["applied"];
  assert.deepEqual(last, { epoch: 1, n: 2 }, "it was told once");
  held.release();
  assert.equal((await write).status, 401);
});

test("[in-flight.states] what had not come to mean anything is not told, what is unsent is stopped, what was sent is not, and what is over is over", async (t) => {
  const { peer, liveness } = await run(t);
  await until(peer, () => liveness.isFresh("write"));
  const flights = createFlights(liveness);
  const cut: string[] = [];
  const enter = (operation: string): Flight => {
    const flight = flights.enter({ ...LIVE, authority: [] }, () => cut.push(operation));
    if (operation !== "") flight.named(operation);
    return flight;
  };
  const [unnamed, waiting, sent, lost, over] = ["", "a.b.waiting", "a.b.sent", "a.b.lost", "a.b.over"].map(enter);
  assert.ok(unnamed && waiting && sent && lost && over);
  const gate = waiting.gate(() => true);
  for (const flight of [sent, lost, over]) assert.ok(flight.gate(() => true).start());
  lost.lost();
  over.leave();
  const stopped = assert.rejects(gate.stopped, /ended before it was sent/);
  const seen = peer.heard("/points/seen");
  peer.revoke([{ id: fixtureId("tsk"), forget: NOW + 60 }]);
  await seen;
  await stopped;
  assert.equal(gate.start(), false);
  assert.deepEqual(cut, ["", "a.b.waiting"]);
  assert.deepEqual(
    [unnamed, waiting, sent, lost, over].map((flight) => flight.ended()),
    [true, true, true, true, false],
  );
  const at = { id: fixtureId("tsk"), n: 1 };
  assert.deepEqual(peer.asked.findLast(({ path }) => path === "/points/seen")?.body["in_flight"], [
    { ...at, operation: "a.b.waiting", state: "aborted" },
    { ...at, operation: "a.b.sent", state: "sent" },
    { ...at, operation: "a.b.lost", state: "unknown" },
  ]);
});
