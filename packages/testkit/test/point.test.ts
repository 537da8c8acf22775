import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createLiveness } from "@remit/sdk";
import { hostileUpstream, issueToken, newPoint, startRemit, until } from "@remit/testkit";

test("[testkit.own-point] a resource server of the test's own follows the real broker's feed, and hears of an end", async () => {
  const point = await newPoint("my-server", ["http://127.0.0.1:1/my-server"]);
  await using remit = await startRemit({ config: { "points/my-server.yaml": point.file } });
  await using upstream = await hostileUpstream();
  await remit.connect({ origin: upstream.origin, secret: "an-upstream-key" });
  await remit.serving();
  const channel = point.channel(remit);
  const stop = new AbortController();
  const welcome = await channel.hello({ base: "http://127.0.0.1:1", connections: [] });
  const liveness = createLiveness({
    ...{ channel, bounds: welcome.bounds },
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
  });
  const running = liveness.run(stop.signal);
  await until("the point is up to date", () => liveness.isFresh());
  const { agent, held } = await issueToken(remit);
  const alive = (): boolean => liveness.isLive([held.task, held.grant], held.receivedAt);
  assert.equal(alive(), true);
  const ended = await agent.complete();
  await until("the end is heard of", () => !alive());
  assert.equal(ended.points.length, 2, "the broker knows of both points");
  await remit.broker.kill();
  await until("a point that hears nothing stops itself", () => !liveness.isFresh());
  stop.abort();
  await running;
  channel.close();
});
