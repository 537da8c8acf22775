import assert from "node:assert/strict";
import { test } from "node:test";
import { RemitError } from "@remit/sdk";
import { issueToken, type IssuedToken } from "@remit/testkit";
import { openStage, type Stage } from "./stage.ts";

type Victim = "broker" | "gateway";
const killAll = async ({ remit }: Stage, victims: readonly Victim[]): Promise<void> => {
  await Promise.all(victims.map(async (victim) => remit[victim].kill()));
};

/** Ends a task; whether that was acknowledged. */
const complete = async ({ agent }: IssuedToken): Promise<"acknowledged" | "no answer"> =>
  agent.complete().then(
    () => "acknowledged" as const,
    (error: unknown) => {
      assert.ok(error instanceof RemitError && error.code === "unreachable", String(error));
      return "no answer" as const;
    },
  );

const renewal = async ({ agent }: IssuedToken): Promise<string> =>
  agent.renew().then(
    () => "ok",
    (error: unknown) => (error instanceof RemitError ? error.code : String(error)),
  );

/** What is ended is ended everywhere: at the gateway, at the broker, and in what people see. */
async function assertEnded(stage: Stage, of: IssuedToken, purpose: string, what: string): Promise<void> {
  assert.equal(await stage.read(of), "invalid_token", what);
  assert.equal(await renewal(of), "task_ended", what);
  assert.equal((await stage.tasks()).get(purpose)?.state, "ended", what);
}

async function assertLive(stage: Stage, of: IssuedToken, purpose: string, what: string): Promise<void> {
  assert.equal(await stage.read(of), "ok", what);
  assert.equal((await stage.tasks()).get(purpose)?.state, "live", what);
}

test("[kill.no-lost-revocation] an end that was acknowledged is in force after any kill, and one that was not is either whole or not there", async () => {
  await using stage = await openStage();
  const bystander = await issueToken(stage.remit, { purpose: "bystander" });

  // before the commit: the request has arrived at a broker that never gets to read it
  const early = await issueToken(stage.remit, { purpose: "early" });
  await stage.remit.broker.pause();
  const unheard = complete(early);
  await stage.remit.broker.kill();
  assert.equal(await unheard, "no answer");
  await stage.recover();
  await assertLive(stage, early, "early", "before the commit");

  // within the commit, and between the commit and the answer
  for (const round of [1, 2, 3, 4]) {
    const purpose = `within ${round}`;
    const issued = await issueToken(stage.remit, { purpose });
    const grown = stage.growth("broker");
    const asked = complete(issued);
    await grown;
    for (let turn = 1; turn < round; turn++) await new Promise(setImmediate);
    await killAll(stage, round % 2 === 0 ? ["broker", "gateway"] : ["broker"]);
    const answered = await asked;
    await stage.recover();
    const ended = (await stage.tasks()).get(purpose)?.state === "ended";
    assert.ok(ended || answered === "no answer", purpose);
    await (ended ? assertEnded : assertLive)(stage, issued, purpose, purpose);
  }

  // acknowledged, and then everything dies in every combination
  for (const victims of [["broker"], ["gateway"], ["broker", "gateway"]] as const) {
    const purpose = `acknowledged, then ${victims.join(" and ")}`;
    const issued = await issueToken(stage.remit, { purpose });
    assert.equal(await stage.read(issued), "ok");
    assert.equal(await complete(issued), "acknowledged");
    await killAll(stage, victims);
    await stage.recover();
    await assertEnded(stage, issued, purpose, purpose);
  }

  // ended while the gateway is dead: it must hear of it before it serves anything
  const unseen = await issueToken(stage.remit, { purpose: "unseen" });
  assert.equal(await stage.read(unseen), "ok");
  await stage.remit.gateway.kill();
  assert.equal(await complete(unseen), "acknowledged");
  await stage.recover();
  await assertEnded(stage, unseen, "unseen", "ended while the gateway was dead");

  // what was not ended lives on, so that nothing above was refused for another reason
  await assertLive(stage, bystander, "bystander", "never ended");
  await stage.judge();
});

test("[kill.no-lost-revocation] a revoked key stays revoked after broker and gateway were killed", async () => {
  await using stage = await openStage();
  const [revoked, other] = [
    await issueToken(stage.remit, { purpose: "revoked" }),
    await issueToken(stage.remit, { purpose: "other" }),
  ];
  assert.equal(await stage.read(revoked), "ok");
  const { code, stderr } = await stage.remit.command(["revoke", `key:${revoked.key.jkt}`]);
  assert.equal(code, 0, stderr);
  await killAll(stage, ["broker", "gateway"]);
  await stage.recover();
  assert.equal(await stage.read(revoked), "invalid_token");
  assert.notEqual(await renewal(revoked), "ok");
  assert.equal(await stage.read(other), "ok");
  await stage.judge();
});
