import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { remit } from "@remit/testkit";
import { attempt, codeOf, type Drill } from "./drills.ts";
import type { Teller } from "./teller.ts";
import type { World } from "./world.ts";

const PATH = "/rest/api/3/issue/PROJ-42";
const WAIT_MS = 10_000;

/** The gateway loses its broker: within its bound it refuses, because it cannot know what was revoked. */
export async function lostBroker(world: World, teller: Teller, { agent, held }: Drill): Promise<void> {
  teller.chapter("The gateway loses the broker");
  process.kill(world.remit.pids.broker, "SIGSTOP");
  const began = performance.now();
  const stale = await until(async () => (await ready(world)) === 503);
  teller.say(`  stale after ${Math.round(performance.now() - began)} ms; the bound for reads is 1500 ms`);
  await attempt(world, teller, "stale", "read PROJ-42 while nobody knows what was revoked", "feed_stale", async () =>
    stale ? codeOf(await agent.fetch(held.resource + PATH)) : "never_stale",
  );
  process.kill(world.remit.pids.broker, "SIGCONT");
  const again = await until(async () => (await ready(world)) === 200);
  await attempt(world, teller, "back", "the broker is back: the same call works", "ok", async () =>
    again ? codeOf(await agent.fetch(held.resource + PATH)) : "never_fresh",
  );
}

const ready = async (world: World): Promise<number> => {
  const response = await fetch(`${world.remit.gateway}/readyz`);
  await response.arrayBuffer();
  return response.status;
};

/** Asks until it holds, at most ten seconds. */
async function until(holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end) if (await holds()) return true;
  return false;
}

/** The task is completed: all authority under it is gone, and it is measured how fast. */
export async function completedTask(world: World, teller: Teller, { agent, held }: Drill): Promise<void> {
  teller.chapter("The task is completed");
  const asked = performance.now();
  const ended = await agent.complete();
  await attempt(world, teller, "completed", "read PROJ-42 after the task is over", "invalid_token", async () =>
    codeOf(await agent.fetch(held.resource + PATH)),
  );
  const seen = ended.points
    .map(({ seenAt }) => (seenAt === null ? "not heard" : `${seenAt - ended.endedAt} ms`))
    .join(", ");
  teller.say(
    `  the gateway acted on it ${seen} after it was committed; asked, committed and refused within ${Math.round(performance.now() - asked)} ms`,
  );
}

/** What was decided and done is shown, verified, and a changed copy is found out. */
export async function evidence(world: World, teller: Teller, task: string): Promise<void> {
  teller.chapter("Evidence");
  const traced = await shipped(world, task);
  for (const line of traced.split("\n")) if (line !== "") teller.say(`  ${line}`);
  const verified = await remit(["audit", "verify", "--data", world.data], { env: world.env });
  teller.tell({
    step: "verify",
    asked: "verify every log against its signed head",
    expected: "ok",
    code: verified.code === 0 ? "ok" : `exit_${verified.code}`,
    upstream: 0,
    more: verified.stdout.trim().split("\n"),
  });
  const [whole, changed] = [join(world.folder, "audit"), join(world.folder, "audit-changed")];
  await remit(["audit", "export", whole, "--data", world.data], { env: world.env });
  cpSync(whole, changed, { recursive: true });
  const file = join(changed, "0.ndjson");
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const tampered = await remit(["audit", "verify", changed], { env: world.env });
  teller.tell({
    step: "tampered",
    asked: "change one byte of a copy and verify that",
    expected: "verification_failed",
    code: tampered.code === 8 ? "verification_failed" : `exit_${tampered.code}`,
    upstream: 0,
    more: tampered.stderr.trim().split("\n").slice(1, 3),
  });
}

/** The trail, once the gateway's last record has reached the broker. */
async function shipped(world: World, task: string): Promise<string> {
  let trail = "";
  await until(async () => {
    const traced = await remit(["audit", "trace", task, "--data", world.data], { env: world.env });
    trail = traced.stdout;
    return trail.includes("gw-local") && trail.includes("operation_unknown");
  });
  return trail;
}
