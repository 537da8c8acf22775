import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { programFile } from "@remit/testkit";
import { agentPart } from "./story/agent-part.ts";
import { beginDrill, movedTicket, sideDoors, stolenToken } from "./story/drills.ts";
import { completedTask, evidence, lostBroker } from "./story/endings.ts";
import { createTeller } from "./story/teller.ts";
import { createWorld, type World } from "./story/world.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, keep: { type: "boolean", default: false } },
});
const teller = createTeller(values.json);
const began = performance.now();
const folder = mkdtempSync(join(tmpdir(), "remit-demo-"));

/** Whether the story came to its end. */
let told = false;

/** Exit code of a program that was stopped by Ctrl-C. */
const INTERRUPTED = 130;

// listened to from the start: whoever stops in the middle finds nothing left behind either
const stopping = new AbortController();
const stopped = once(stopping.signal, "abort");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());

teller.say("A person asks an agent to move one ticket to In Review and to set its priority.");
teller.say(
  "Today that agent would hold an API key for all of Jira. Here it holds authority for one ticket, and no key at all.",
);
try {
  const world = await createWorld(folder, (line) => teller.say(line));
  try {
    await Promise.race([story(world), stopped]);
    if (values.keep && !stopping.signal.aborted) await keep(world);
  } finally {
    if (stopping.signal.aborted) teller.say("stopping …");
    await world.stop();
  }
} catch (error) {
  // whoever stops everything stops programs that are being waited for
  if (!stopping.signal.aborted) throw error;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// a story that was stopped still waits for answers that will not come
if (stopping.signal.aborted && !told) process.exit(INTERRUPTED);
process.exitCode = teller.wrong.length === 0 ? 0 : 1;

async function story(world: World): Promise<void> {
  const task = await agentPart(world, teller);
  const drill = await beginDrill(world);
  await sideDoors(world, teller, drill);
  await movedTicket(world, teller, drill);
  await stolenToken(world, teller, drill);
  await lostBroker(world, teller, drill);
  await completedTask(world, teller, drill);
  await evidence(world, teller, task);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const wrong = teller.wrong.length === 0 ? "each as told" : `${teller.wrong.length} not as told`;
  teller.say(`\n${teller.count()} steps, ${wrong}, ${seconds} s`);
  told = true;
}

async function keep(world: World): Promise<void> {
  const { remit, desk, idp, data, env } = world;
  const command = [process.execPath, ...process.execArgv, programFile("@remit/cli")].join(" ");
  const lines = [
    "",
    "Everything keeps running, until you stop it with Ctrl-C; then it is all removed.",
    `  broker ${remit.broker}   gateway ${remit.gateway}   desk ${desk}   login ${idp}`,
    "In another shell:",
    `  export REMIT_HOME=${env["REMIT_HOME"] ?? ""} REMIT_DATA=${data}`,
    `  remit() { ${command} "$@"; }`,
    "  remit status",
    "  remit task list",
    `  remit run --on jira-acme:PROJ-43 -- sh -c 'curl -sH "Authorization: Bearer $JIRA_API_TOKEN" $JIRA_BASE_URL/rest/api/3/issue/PROJ-43'`,
    "  remit audit verify",
  ];
  for (const line of lines) teller.say(line);
  await stopped;
}
