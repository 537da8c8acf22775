import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";
import { beginDrill } from "../examples/ticket/src/story/drills.ts";
import type { World } from "../examples/ticket/src/story/world.ts";
import { createCallLoad } from "./load.ts";
import {
  absoluteRow,
  type Contender,
  cpuInTurns,
  memoryOf,
  noteOf,
  percentile,
  type Row,
  rowOf,
  spread,
  spreadOf,
} from "./measure.ts";
import { startNginx } from "./nginx.ts";
import type { Work } from "./peers/work.ts";
import { startPeer } from "./stage.ts";
import type { TokenPart } from "./tokens.ts";

const SIZE = { warm: 4_000, count: 1_500, windows: 5 };
const WIDTH = 16;
const PATH = "/rest/api/3/issue/PROJ-42";

/** A read through the gateway, its primitives, and proxies that decide nothing and record nothing, in turns. */
export async function measureCalls(
  world: World,
  { token, key }: TokenPart,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  say("measuring gateway calls, their primitives and plain proxies in turns …");
  const load = createCallLoad(key, `${world.remit.gateway}/r/jira-acme${PATH}`, token);
  const ours: Contender = {
    pid: world.remit.pids.gateway,
    run: async (count) => spread(count, WIDTH, async () => good(await load.call())),
  };
  const bare = await startPeer("raw", [JSON.stringify(CALL_WORK(world.desk))]);
  const plain = await startPeer("raw", [JSON.stringify({ upstream: world.desk } satisfies Work)]);
  const nginx = await startNginx(world.desk);
  const proxies = [bare, plain, ...(nginx === undefined ? [] : [nginx])].map((peer) => proxied(world, peer));
  const [called, raw, undici, inC] = await cpuInTurns([ours, ...proxies], SIZE);
  await Promise.all([load.close(), ...proxies.map(async ({ close }) => close()), nginx?.stop()]);
  bare.stop();
  plain.stop();
  if (called === undefined || raw === undefined || undici === undefined) throw new Error("a proxy was not measured");
  return [
    rowOf("gateway call / primitives (undici proxy, proof, record, JSON)", called, raw.median, 1.25),
    noteOf("gateway call / plain undici proxy", called, undici.median),
    ...(inC === undefined ? [] : [noteOf("gateway call / nginx `proxy_pass`", called, inC.median)]),
  ];
}

const CALL_WORK = (upstream: string): Work => ({ upstream, durable: true, verify: 1, json: 2, hash: 1 });

/** The same read of the desk through a proxy, with the credential that the gateway injects. */
function proxied(
  world: World,
  { url, pid }: { readonly url: string; readonly pid: number },
): Contender & { close(): Promise<void> } {
  const apiKey = readFileSync(join(world.folder, "desk", "api-key"), "utf8");
  const pool = new Pool(url, { connections: WIDTH, pipelining: 1 });
  const once = async (): Promise<void> => {
    const { statusCode, body } = await pool.request({
      method: "GET",
      path: `${PATH}?fields=summary,status,priority`,
      headers: { authorization: `Bearer ${apiKey}` },
    });
    await body.arrayBuffer();
    good(statusCode);
  };
  return { pid, run: async (count) => spread(count, WIDTH, once), close: async () => pool.close() };
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
