import assert from "node:assert/strict";
import { test } from "node:test";
import { RemitError } from "@remit/sdk";
import { issueToken, type IssuedToken, until } from "@remit/testkit";
import { openStage, type Stage } from "./stage.ts";

/** What one worker was told before everything died under it. */
interface Told {
  readonly purpose: string;
  readonly issued: IssuedToken;
  ended: boolean;
}

const VICTIMS = [["gateway"], ["broker"], ["broker", "gateway"]] as const;
const ROUNDS = 6;
const WORKERS = 3;

/** Begins tasks, writes, reads and ends them, one after the other, until somebody does not answer. */
async function work(stage: Stage, name: string, told: Told[], isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    const purpose = `${name}, turn ${turn}`;
    const issued = await issueToken(stage.remit, { purpose }).catch(gone);
    if (issued === undefined) return;
    const one = { purpose, issued, ended: false };
    told.push(one);
    for (const code of [await stage.write(issued), await stage.read(issued)]) if (code !== "ok") return;
    if (turn % 2 === 1) continue;
    one.ended = (await issued.agent.complete().catch(gone)) !== undefined;
  }
}

/** No answer, or one of somebody whose other half was gone. Anything that is neither is a fault. */
function gone(error: unknown): undefined {
  if (!(error instanceof RemitError)) throw error;
  assert.ok(["unreachable", "record_not_resolved", "resource_unavailable"].includes(error.code), error.code);
}

test("[kill.sweep] killed at every count of calls under load, nothing that anybody was told turns out untrue", async () => {
  await using stage = await openStage();
  const all: Told[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const told: Told[] = [];
    const [before, state] = [stage.upstream.requests.length, { over: false }];
    const workers = Array.from({ length: WORKERS }, async (_, index) =>
      work(stage, `round ${round}, worker ${index}`, told, () => state.over),
    );
    // each round a few requests later than the round before
    await until("the load has come so far", () => stage.upstream.requests.length >= before + 1 + 3 * round);
    state.over = true;
    await Promise.all((VICTIMS[round % VICTIMS.length] ?? []).map(async (victim) => stage.remit[victim].kill()));
    await Promise.all(workers);
    await stage.recover();
    const tasks = await stage.tasks();
    for (const { purpose, issued, ended } of told) {
      const task = tasks.get(purpose);
      assert.equal(task?.grant, issued.held.grant, `${purpose}: a token without its grant`);
      if (ended) assert.equal(task?.state, "ended", `${purpose}: its end was acknowledged`);
      assert.equal(await stage.read(issued), task?.state === "live" ? "ok" : "invalid_token", purpose);
      assert.ok(stage.writes(issued) <= stage.records(issued, "call.intent").length, purpose);
    }
    all.push(...told);
  }
  assert.ok(all.length >= ROUNDS && all.some(({ ended }) => ended), "the load did something");
  await stage.judge();
});
