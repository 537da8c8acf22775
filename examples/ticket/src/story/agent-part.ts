import { fileURLToPath } from "node:url";
import { remit } from "@remit/testkit";
import type { Teller } from "./teller.ts";
import type { World } from "./world.ts";

const agentFile = fileURLToPath(new URL("../agent/agent.ts", import.meta.url));

/** What the agent must come out with, step by step. */
const EXPECTED: Readonly<Record<string, readonly [asked: string, code: string]>> = {
  read: ["read summary, status and priority of PROJ-42", "ok"],
  "read all": ["read all of PROJ-42: it gets what is granted, nothing else is there", "ok"],
  "set priority": ["set the priority of PROJ-42 to High", "ok"],
  move: ["move PROJ-42 to In Review", "ok"],
  label: ["add the label triaged to PROJ-42", "ok"],
  comment: ["comment on PROJ-42", "ok"],
  mention: ["comment with a mention, which sends mail to somebody", "body_refused"],
  assign: ["give PROJ-42 to somebody else (another field)", "field_not_granted"],
  finish: ["move PROJ-42 to Done (another transition)", "value_not_granted"],
  "other ticket": ["read PROJ-43 (another ticket)", "record_not_granted"],
  "no ticket": ["read PROJ-4300 (a ticket that does not exist)", "record_not_granted"],
  search: ["search the whole project", "operation_unknown"],
};

interface Said {
  readonly step: string;
  readonly ok: boolean;
  readonly value?: unknown;
  readonly body?: unknown;
  readonly received?: number;
}

/** The unmodified client works under `remit run`: what it may do works, what it may not is refused with what would have sufficed. */
export async function agentPart(world: World, teller: Teller): Promise<string> {
  teller.chapter(
    "An agent with the unmodified jira.js client, and no key: `remit run --on jira-acme:PROJ-42 -- agent`",
  );
  const before = await world.received();
  const command = [
    "run",
    "--data",
    world.data,
    "--on",
    "jira-acme:PROJ-42",
    "--purpose",
    "move PROJ-42 to review",
    "--",
    process.execPath,
    ...process.execArgv,
    agentFile,
    "PROJ-42",
    world.desk,
  ];
  const ran = await remit(command, { env: { ...world.env, DESK_CONTROL_KEY: world.controlKey } });
  const said = ran.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Said);
  let last = before;
  for (const [step, [asked, expected]] of Object.entries(EXPECTED)) {
    const one = said.find((line) => line.step === step);
    const upstream = (one?.received ?? last) - last;
    last = one?.received ?? last;
    teller.tell({ step, asked, expected, code: codeOf(one), upstream, more: moreOf(one) });
  }
  sameRefusal(said, teller);
  teller.say(`  ${ran.stderr.trim().split("\n").slice(-2).join("\n  ")}`);
  return /tsk_[0-9A-Z]{26}/.exec(ran.stderr)?.[0] ?? "";
}

function codeOf(said: Said | undefined): string {
  if (said === undefined) return "nothing_said";
  if (said.ok) return "ok";
  return textIn(said.body, "code") ?? "no_code";
}

const textIn = (value: unknown, name: string): string | undefined => {
  const members: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null ? { ...value } : {};
  const member = members[name];
  return typeof member === "string" ? member : undefined;
};

function moreOf(said: Said | undefined): readonly string[] {
  if (said === undefined) return [];
  if (said.ok) return said.value === undefined ? [] : [JSON.stringify(said.value)];
  const body: Readonly<Record<string, unknown>> =
    typeof said.body === "object" && said.body !== null ? { ...said.body } : {};
  return body["sufficient"] === undefined ? [] : [`what would have sufficed: ${JSON.stringify(body["sufficient"])}`];
}

/** The refusal for a ticket that is there and for one that is not must be the same but for the name that was asked. */
function sameRefusal(said: readonly Said[], teller: Teller): void {
  const plain = (step: string, name: string): string =>
    JSON.stringify(said.find((line) => line.step === step)?.body ?? step)
      .replaceAll(name, "NAME")
      .replace(/dec_[0-9A-Z]{26}/, "dec");
  const same = plain("other ticket", 'PROJ-43"') === plain("no ticket", 'PROJ-4300"');
  teller.tell({
    step: "no oracle",
    asked: "both refusals are the same, so nothing tells which ticket exists",
    expected: "ok",
    code: same ? "ok" : "differs",
    upstream: 0,
  });
}
