import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { programFile } from "@remit/testkit";
import { agentPart } from "./story/agent-part.ts";
import { beginDrill, movedTicket, sideDoors, stolenToken } from "./story/drills.ts";
import { completedTask, evidence, lostBroker } from "./story/endings.ts";
import { createTeller } from "./story/teller.ts";
import { createWorld } from "./story/world.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, keep: { type: "boolean", default: false } },
});
const teller = createTeller(values.json);
const began = performance.now();
const folder = mkdtempSync(join(tmpdir(), "remit-demo-"));

teller.say("A person asks an agent to move one ticket to In Review and to set its priority.");
teller.say(
  "Today that agent would hold an API key for all of Jira. Here it holds authority for one ticket, and no key at all.",
);
const world = await createWorld(folder, (line) => teller.say(line));
try {
  const task = await agentPart(world, teller);
  const drill = await beginDrill(world);
  await sideDoors(world, teller, drill);
  await movedTicket(world, teller, drill);
  await stolenToken(world, teller, drill);
  await lostBroker(world, teller, drill);
  await completedTask(world, teller, drill);
  await evidence(world, teller, task);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  teller.say(`\n${teller.count()} steps, ${teller.wrong.length} not as told, ${seconds} s`);
  if (values.keep) await keep();
} finally {
  await world.stop();
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}
process.exitCode = teller.wrong.length === 0 ? 0 : 1;

async function keep(): Promise<void> {
  teller.say(`\nEverything keeps running. Stop with Ctrl-C.`);
  teller.say(
    `  broker ${world.remit.broker}   gateway ${world.remit.gateway}   desk ${world.desk}   login ${world.idp}`,
  );
  const command = [process.execPath, ...process.execArgv, programFile("@remit/cli")].join(" ");
  teller.say(`  try: REMIT_HOME=${world.env["REMIT_HOME"] ?? ""} ${command} --data ${world.data} task list`);
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once("SIGINT", () => resolve());
  process.once("SIGTERM", () => resolve());
  await promise;
}
