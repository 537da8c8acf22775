import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";
import { beginDrill } from "../examples/ticket/src/story/drills.ts";
import type { World } from "../examples/ticket/src/story/world.ts";
import { createCallLoad } from "./load.ts";
import { absoluteRow, cpuPerOperation, memoryOf, percentile, type Row, rowOf, spread, spreadOf } from "./measure.ts";
import type { Primitives } from "./primitives.ts";
import { startPeer } from "./stage.ts";
import type { TokenPart } from "./tokens.ts";

const SIZE = { warm: 4_000, count: 1_500, windows: 5 };
const WIDTH = 16;
const PATH = "/rest/api/3/issue/PROJ-42";

/** A read through the gateway, beside a plain proxy and the primitives of deciding and recording it. */
export async function measureCalls(
  world: World,
  { token, key }: TokenPart,
  primitives: Primitives,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  say("measuring gateway calls …");
  const load = createCallLoad(key, `${world.remit.gateway}/r/jira-acme${PATH}`, token);
  const ours = await cpuPerOperation(
    world.remit.pids.gateway,
    async (count) => spread(count, WIDTH, async () => good(await load.call())),
    SIZE,
  );
  await load.close();
  say("measuring a plain proxy …");
  const peer = await startPeer(["proxy", world.desk]);
  const apiKey = readFileSync(join(world.folder, "desk", "api-key"), "utf8");
  const pool = new Pool(peer.url, { connections: WIDTH, pipelining: 1 });
  const direct = async (): Promise<void> => {
    const { statusCode, body } = await pool.request({
      method: "GET",
      path: `${PATH}?fields=summary,status,priority`,
      headers: { authorization: `Bearer ${apiKey}` },
    });
    await body.arrayBuffer();
    good(statusCode);
  };
  const proxy = await cpuPerOperation(peer.pid, async (count) => spread(count, WIDTH, direct), SIZE);
  await pool.close();
  peer.stop();
  const { verify, row, json, hash } = primitives;
  return [
    rowOf(
      "gateway call / primitives (proxy, proof, record, JSON)",
      ours,
      proxy.median + verify + row + 2 * json + hash,
      1.25,
    ),
  ];
}

function good(status: number): void {
  if (status !== 200) throw new Error(`a good call was answered ${status}`);
}

const ENDS = 60;

/** From asking to end a task until the gateway has acted on it, by the broker's own account of both. */
export async function measureEnds(world: World, say: (line: string) => void): Promise<Row> {
  say("measuring revoke → refuse …");
  const times: number[] = [];
  for (let end = 0; end < ENDS; end++) {
    const { agent, held } = await beginDrill(world);
    good((await agent.fetch(held.resource + PATH)).status);
    const began = performance.now();
    await agent.complete();
    const { status } = await agent.fetch(held.resource + PATH);
    times.push(performance.now() - began);
    if (status !== 401) throw new Error(`a call after the end was answered ${status}`);
  }
  return absoluteRow(
    "revoke → refused, p99 (asked, committed, refused at the gateway)",
    percentile(times, 0.99),
    50,
    "ms",
    spreadOf(times),
  );
}

const STARTS = 5;

/** Time of a second start to its ready line, and memory at rest after it. */
export async function measureStart(world: World, say: (line: string) => void): Promise<readonly Row[]> {
  say("measuring start …");
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    await world.stopRemit();
    const began = performance.now();
    await world.startRemit();
    times.push(performance.now() - began);
  }
  const { broker, gateway } = world.remit.pids;
  const memory = memoryOf(broker) + memoryOf(gateway);
  return [
    absoluteRow("`remit up` to ready, second start", percentile(times, 0.5), 500, "ms", spreadOf(times)),
    absoluteRow("broker and gateway at rest", memory, 180, "MB", "100–100 %"),
  ];
}
