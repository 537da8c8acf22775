import assert from "node:assert/strict";
import { test } from "node:test";
import { RemitError } from "@remit/sdk";
import type { IssuedToken } from "@remit/testkit";
import { openStage, type Stage, tryToken } from "./stage.ts";

const RESOLVING = ({ target }: { readonly target: string }): boolean => target.includes("/issue/PROJ-42");

/** Asks for a token and kills while the gateway looks the record up. */
async function whileResolving(
  stage: Stage,
  purpose: string,
  kill: () => Promise<void>,
): Promise<IssuedToken | undefined> {
  const hold = stage.upstream.hold(RESOLVING);
  const asked = tryToken(stage, purpose);
  await hold.arrived();
  await kill();
  hold.release();
  return asked;
}

/** Ways to kill at one step; `begun`: how many tasks of the purpose there must be afterwards. */
const STEPS: Readonly<
  Record<
    string,
    {
      readonly begun: readonly number[];
      kill(stage: Stage, purpose: string): Promise<IssuedToken | undefined>;
    }
  >
> = {
  "before resolution: the issuer's keys are being fetched": {
    begun: [0],
    async kill(stage, purpose) {
      // a broker that has just been started has no keys of the issuer yet
      await stage.remit.broker.restart();
      await stage.remit.serving();
      const hold = stage.remit.idp.hold();
      const asked = tryToken(stage, purpose);
      await hold.arrived();
      await stage.remit.broker.kill();
      hold.release();
      return asked;
    },
  },
  "within resolution": {
    begun: [0],
    kill: async (stage, purpose) => whileResolving(stage, purpose, async () => stage.remit.broker.kill()),
  },
  "within resolution, broker and gateway": {
    begun: [0],
    kill: async (stage, purpose) =>
      whileResolving(stage, purpose, async () => {
        await Promise.all([stage.remit.broker.kill(), stage.remit.gateway.kill()]);
      }),
  },
  "resolved, not heard: before the commit": {
    begun: [0],
    async kill(stage, purpose) {
      const { broker } = stage.remit;
      const hold = stage.upstream.hold(RESOLVING);
      const asked = tryToken(stage, purpose);
      await hold.arrived();
      await broker.pause();
      hold.release();
      await (await fetch(stage.upstream.origin)).arrayBuffer();
      await broker.kill();
      return asked;
    },
  },
  ...Object.fromEntries(
    [1, 2, 3, 4].map((round) => [
      `within the commit, round ${round}`,
      {
        begun: [0, 1],
        async kill(stage: Stage, purpose: string) {
          const hold = stage.upstream.hold(RESOLVING);
          const asked = tryToken(stage, purpose);
          await hold.arrived();
          const grown = stage.growth("broker");
          hold.release();
          // the first write to the disk, and then each time a little later
          for (let turn = 0; turn < round; turn++) await (turn === 0 ? grown : new Promise(setImmediate));
          await stage.remit.broker.kill();
          return asked;
        },
      },
    ]),
  ),
  "the token is in the holder's hand": {
    begun: [1],
    async kill(stage, purpose) {
      const issued = await tryToken(stage, purpose);
      await stage.remit.broker.kill();
      assert.ok(issued !== undefined);
      return issued;
    },
  },
};

test("[kill.no-token-without-grant] killed at any step of an exchange, the broker has handed out no token without its grant and its record", async () => {
  await using stage = await openStage();
  for (const [purpose, { begun, kill }] of Object.entries(STEPS)) {
    const issued = await kill(stage, purpose);
    await stage.recover();
    const task = (await stage.tasks()).get(purpose);
    assert.ok(begun.includes(task === undefined ? 0 : 1), `${purpose}: ${JSON.stringify(task)}`);
    if (task !== undefined) assert.equal(await beginnings(stage, task.task), 1, purpose);
    if (issued === undefined) continue;
    assert.deepEqual(task, { task: issued.held.task, grant: issued.held.grant, state: "live" }, purpose);
    assert.equal(await stage.read(issued), "ok", purpose);
    const renewed = await issued.agent.renew();
    assert.equal(renewed.grant, issued.held.grant, purpose);
  }
  await stage.judge();
});

test("[kill.renewal-kept] killed within a renewal, the broker keeps the grant, and its holder goes on", async () => {
  await using stage = await openStage();
  const issued = await tryToken(stage, "renewed");
  assert.ok(issued !== undefined);
  for (const when of ["before", "within", "after"] as const) {
    if (when === "before") await stage.remit.broker.pause();
    const grown = stage.growth("broker");
    const asked = issued.agent.renew().catch((error: unknown) => {
      assert.ok(error instanceof RemitError && error.code === "unreachable", String(error));
    });
    if (when === "within") await grown;
    if (when === "after") await asked;
    await stage.remit.broker.kill();
    await asked;
    await stage.recover();
    assert.equal((await stage.tasks()).get("renewed")?.state, "live", when);
    assert.equal(await stage.read(issued), "ok", when);
    assert.equal((await issued.agent.renew()).grant, issued.held.grant, when);
  }
  await stage.judge();
});

/** Records of the broker's log that begin this task. */
async function beginnings({ seat }: Stage, task: string): Promise<number> {
  const response = await seat.agent.admin(seat.session, `/admin/trace/${task}`);
  const { lines } = (await response.json()) as { lines: readonly { line: string }[] };
  return lines.filter(({ line }) => (JSON.parse(line) as { kind: string }).kind === "task.begin").length;
}
