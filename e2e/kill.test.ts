import assert from "node:assert/strict";
import { test } from "node:test";
import { beginDrill, codeOf, type Drill } from "../examples/ticket/src/story/drills.ts";
import { remit } from "@remit/testkit";
import { gatewayRecords, testWorld, until, type World } from "./world.ts";

const PATH = "/rest/api/3/issue/PROJ-42";

const edit = async ({ agent, held }: Drill, name: string): Promise<string> =>
  codeOf(
    await agent.fetch(held.resource + PATH, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ fields: { priority: { name } } }),
    }),
  );

const ready = async (world: World): Promise<boolean> => {
  const response = await fetch(`${world.remit.gateway}/readyz`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200;
};

/** Writes that reached the desk, by the desk's own count. */
async function writesAtDesk(world: World): Promise<number> {
  const answer = await world.control("/__desk/requests", undefined);
  const { requests } = answer as { requests: readonly { method: string }[] };
  return requests.filter(({ method }) => method === "PUT").length;
}

test("[kill.intent-before-write] no write reaches the upstream without its intent, wherever the gateway is killed", async () => {
  await using world = await testWorld();
  for (let round = 0; round < 8; round++) {
    await until("the gateway is ready", async () => ready(world));
    const drill = await beginDrill(world);
    assert.equal(await edit(drill, "Low"), "ok");
    // several writes are under way at different steps when the process is gone
    const writes = ["High", "Low", "Medium", "Highest"].map(async (name, index) => {
      for (let turn = 0; turn < index; turn++) await fetch(`${world.remit.gateway}/healthz`).catch(() => undefined);
      return edit(drill, name).catch(() => "no answer");
    });
    for (let turn = 0; turn < round; turn++) await fetch(`${world.remit.gateway}/healthz`).catch(() => undefined);
    await world.killAndRestart(["gateway"]);
    await Promise.all(writes);
    await until(
      "the task ended",
      async () => (await remit(["task", "end", drill.held.task, "--data", world.data], { env: world.env })).code === 0,
    );
    const intents = gatewayRecords(world).filter(({ kind }) => kind === "call.intent").length;
    const written = await writesAtDesk(world);
    assert.ok(written <= intents, `round ${round}: ${written} writes, ${intents} intents`);
    assert.ok(written > round, "each round writes at least once");
  }
  await until(
    "both logs verify",
    async () => (await remit(["audit", "verify", "--data", world.data], { env: world.env })).code === 0,
  );
});

test("[kill.no-token-without-grant] every token that was handed out has its grant, and what ended stays ended, wherever the broker is killed", async () => {
  await using world = await testWorld();
  for (let round = 0; round < 6; round++) {
    await until("the gateway is ready", async () => ready(world));
    const ended = await beginDrill(world);
    await ended.agent.complete();
    const drills = [0, 1].map(async () => beginDrill(world).catch(() => undefined));
    for (let turn = 0; turn < round * 2; turn++) await fetch(`${world.remit.broker}/healthz`).catch(() => undefined);
    await world.killAndRestart(round % 2 === 0 ? ["broker"] : ["broker", "gateway"]);
    const begun = (await Promise.all(drills)).filter((drill) => drill !== undefined);
    await until("the gateway is ready again", async () => ready(world));
    assert.notEqual(await codeOf(await ended.agent.fetch(ended.held.resource + PATH)), "ok");
    const listed = await remit(["task", "list", "--data", world.data, "--json"], { env: world.env });
    const { tasks } = JSON.parse(listed.stdout) as { tasks: readonly { task: string; state: string }[] };
    for (const { held } of begun)
      assert.ok(
        tasks.some(({ task }) => task === held.task),
        "a token without a grant",
      );
    assert.equal(tasks.find(({ task }) => task === ended.held.task)?.state, "ended");
    for (const { task, state } of tasks)
      if (state === "live") await remit(["task", "end", task, "--data", world.data], { env: world.env });
  }
  const verified = await remit(["audit", "verify", "--data", world.data], { env: world.env });
  assert.equal(verified.code, 0, verified.stderr);
});
