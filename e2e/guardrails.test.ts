import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { type Agent, createAgent, dpopProof, makeDpopKey, RemitError } from "@remit/sdk";
import { programFile, remit, startProgram } from "@remit/testkit";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import { beginDrill } from "../examples/ticket/src/story/drills.ts";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { testWorld, until, withBot, type World } from "./world.ts";

const RULES = `// what nobody gets, whatever a policy says
@id("no-priority-by-bot")
forbid (principal == Client::"triage-bot", action == Action::"edit", resource == Resource::"jira-acme")
when { context.write.contains("priority") };

@id("hours-are-for-the-bot")
forbid (principal, action, resource)
when { context.duration > 1800 }
unless { principal == Client::"triage-bot" };
`;

const LATER = `@id("nothing-today")
forbid (principal, action, resource);
`;

const guardrails = (config: string, text: string): void => {
  mkdirSync(join(config, "guardrails"), { recursive: true });
  writeFileSync(join(config, "guardrails", "all.cedar"), text);
};

type Key = ReturnType<typeof makeDpopKey>;
type Entry = Readonly<Record<string, unknown>>;

function agentOf(world: World, key: Key): Agent {
  const { issuer, broker } = world.remit;
  return createAgent({ issuer, base: broker, dpopKey: key, client: { id: "triage-bot", key: world.botKey } });
}

/** Exchanges a fresh ID token of Dana's for one entry. */
async function exchange(world: World, agent: Agent, more: Entry): Promise<string> {
  const subjectToken = await authorize(
    { issuer: world.idp, clientId: "triage-bot" },
    (page) => void loginAs(page.href, "dana"),
  );
  const entry = { type: "jira-acme.issue", alias: "PROJ-42", ...more };
  const resource = `${world.remit.gateway}/r/jira-acme`;
  return codeOf(() =>
    agent.exchange({
      ...{ subjectToken, subjectTokenType: "id_token", resource },
      authorizationDetails: JSON.parse(JSON.stringify([entry])),
    }),
  );
}

/** How a request came out: the refusal's code, with the standard's error. */
async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "ok";
  } catch (error) {
    if (!(error instanceof RemitError)) throw error;
    assert.doesNotMatch(
      JSON.stringify(error.refusal),
      /no-priority|hours-are|nothing-today/,
      "names stay in the record",
    );
    return `${error.error} ${error.code}`;
  }
}

/** The answer may be there before its record is; but the record comes, and names the guardrail. */
const recorded = async (world: World, detail: string): Promise<void> =>
  until(`the record says: ${detail}`, async () => refusals(world).includes(detail));

/** What the log of the broker says of refusals by guardrails, read beside it. */
function refusals(world: World): readonly string[] {
  const db = new DatabaseSync(join(world.data, "broker", "broker.db"), { readOnly: true });
  const rows = db.prepare("select line from log order by n").all();
  db.close();
  return rows
    .map(({ line }) => JSON.parse(String(line)) as { kind: string; body: { code?: string; detail?: string } })
    .filter(({ kind, body }) => kind === "refused" && body.code === "guardrail_forbids")
    .map(({ body }) => body.detail ?? "");
}

const FORBIDS = "invalid_authorization_details guardrail_forbids";

test("[guardrails.forbid] a guardrail forbids what a policy permits, at exchange and at start, and tells nothing of the record", async () => {
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    guardrails(config, RULES);
  });
  const agent = agentOf(world, makeDpopKey());
  const before = await world.received();
  assert.equal(await exchange(world, agent, {}), FORBIDS);
  assert.equal(await exchange(world, agent, { alias: "PROJ-4300" }), FORBIDS, "also for a record that is not there");
  assert.equal(await world.received(), before, "nothing was looked up");
  assert.equal(await exchange(world, agent, { actions: ["read"] }), "ok");
  assert.equal(await exchange(world, agent, { fields: { read: ["summary"], write: [] } }), "ok");
  await assert.rejects(beginDrill(world), (error) => error instanceof RemitError && error.code === "guardrail_forbids");
  await recorded(world, "guardrail `no-priority-by-bot` forbids `edit` of `jira-acme.issue`");
  await recorded(world, "guardrail `hours-are-for-the-bot` forbids `comment` of `jira-acme.issue`");
});

test("[guardrails.forbid] a guardrail that is applied later ends the renewals of what was granted before; a folder that has a mistake is not taken", async () => {
  await using world = await testWorld(withBot);
  const key = makeDpopKey();
  const agent = agentOf(world, key);
  assert.equal(await exchange(world, agent, {}), "ok");
  assert.equal(await codeOf(() => agent.renew()), "ok");
  const grant = agent.held()?.grant ?? "";
  const config = join(world.folder, "remit");
  const example = readFileSync(join(config, "guardrails", "example.cedar"), "utf8");
  writeFileSync(
    join(config, "guardrails", "example.cedar"),
    example.slice(example.indexOf("// @id")).replaceAll("// ", ""),
  );
  guardrails(config, LATER.replace("resource);", 'resource) when { context.write.contains("prority") };'));
  const checked = await remit(["check", "--config", config], { env: world.env });
  assert.equal(checked.code, 1);
  assert.match(checked.stderr, /guardrails\/all\.cedar:1 .*`prority`; known are assignee/);
  guardrails(config, LATER);
  const good = await remit(["check", "--config", config], { env: world.env });
  assert.match(good.stdout, /guardrail nothing-today.*\n.*guardrail no-assignee/, "also the one that `init` wrote");
  await world.stopRemit();
  const flags = ["--data", world.data, "--config", config, "--port", "0", "--json", "--apply-config"];
  await using up = await startProgram(programFile("@remit/cli"), ["up", ...flags], {
    log: join(world.folder, "again.log"),
    env: world.env,
  });
  assert.equal(await renewAt(up.text("broker") + new URL(world.remit.issuer).pathname, grant, key), FORBIDS);
  await recorded(world, "guardrail `nothing-today` forbids `comment` of `jira-acme.issue`");
});

/** Renews a grant wherever the broker answers now. */
async function renewAt(base: string, grant: string, key: Key, nonce?: string): Promise<string> {
  const url = `${base}/token`;
  const form = { grant_type: "urn:remit:params:oauth:grant-type:renew", grant };
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    dpop: dpopProof({ key, method: "POST", url, nonce, now: Date.now() }),
  };
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(form).toString() });
  const body = (await response.json()) as { error?: string; remit?: { code: string } };
  if (body.error === "use_dpop_nonce" && nonce === undefined)
    return renewAt(base, grant, key, response.headers.get("dpop-nonce") ?? "");
  return `${body.error} ${body.remit?.code}`;
}
