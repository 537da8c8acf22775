import assert from "node:assert/strict";
import { test } from "node:test";
import { makeId } from "@remit/core";
import { beginDrill } from "../examples/ticket/src/story/drills.ts";
import { ownPoint } from "./support/point.ts";
import { testWorld } from "./world.ts";

test("[points.spend-own] a point spends only for what it serves; one that has not told what that is may try again", async () => {
  await using world = await testWorld();
  const { held } = await beginDrill(world);
  const point = await ownPoint(world, "gw-other");
  try {
    const jti = makeId("tok", Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    const spend = async (grant: string): Promise<readonly [number, unknown]> => {
      const { status, text } = await point.post("/points/spend", { grant, jti, count: 1 });
      return [status, (JSON.parse(text) as { error?: string }).error];
    };
    assert.deepEqual(await spend(held.grant), [503, "temporarily_unavailable"]);
    await point.channel.hello({ base: "https://gw-other.example", connections: [] });
    assert.deepEqual(await spend(held.grant), [403, "not_permitted"]);
    const unknown = makeId("grn", Date.now(), crypto.getRandomValues(new Uint8Array(10)));
    assert.deepEqual(await spend(unknown), [403, "not_permitted"], "as if there was no such grant");
  } finally {
    point.close();
  }
});
