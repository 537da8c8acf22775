import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { remit } from "@remit/testkit";
import { testWorld } from "./world.ts";

const TRACKER = join(import.meta.dirname, "..", "packages", "cli", "test", "fixtures", "tracker");

const GRANT = [
  {
    ...{ type: "desk.issue", locations: ["https://gw.example/r/desk"], identifier: "10442", alias: "PROJ-42" },
    ...{ actions: ["read", "edit", "move"], fields: { read: ["summary"], write: ["priority"] } },
    where: { move: { "/to": { one_of: ["In Review"] } } },
  },
];
const MOVES = {
  "GET /api/issues/10442/moves": {
    moves: [
      { id: "31", to: "In Review" },
      { id: "41", to: "Done" },
    ],
  },
};

const CONFIG = {
  "resources/desk.yaml": "resource: desk\nconnector: tracker\nconnection: desk\n",
  "policies/one.yaml": `policy: one-issue
may:
  - type: desk.issue
    identifier: { any: true }
    actions: [read]
    fields: { read: [summary] }
  - type: desk.issue
    within: { type: project, identifier: "10010" }
    actions: [edit]
    fields: { write: [priority] }
`,
};

type Said = Readonly<Record<string, unknown>>;
type Ask = (
  ...args: readonly string[]
) => Promise<{ readonly code: number; readonly said: Said; readonly text: string }>;

/** A folder of files, and the command that explains requests to its tracker. */
function desk(t: TestContext): { readonly folder: string; readonly explain: Ask } {
  const folder = mkdtempSync(join(tmpdir(), "remit-explain-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(CONFIG)) {
    mkdirSync(join(folder, "remit", name, ".."), { recursive: true });
    writeFileSync(join(folder, "remit", name), text);
  }
  writeFileSync(join(folder, "grant.json"), JSON.stringify({ authorization_details: GRANT }));
  writeFileSync(join(folder, "moves.json"), JSON.stringify(MOVES));
  const explain: Ask = async (...args) => {
    const own = ["--connectors", TRACKER, "--config", join(folder, "remit")];
    const { code, stdout } = await remit(["--json", "explain", ...own, ...args], { env: { REMIT_HOME: folder } });
    return { code, said: JSON.parse(stdout) as Said, text: stdout };
  };
  return { folder, explain };
}

test("[explain.command] a request is said to be allowed or refused, by which entry, and what it takes can be pasted and is enough", async (t) => {
  const { folder, explain } = desk(t);
  const grant = ["--on", "desk", "--grant", join(folder, "grant.json")];
  const edit = ["-X", "PUT", "/api/issues/PROJ-42", "-d", '{"fields":{"priority":"High"}}'];
  const allowed = await explain(...grant, ...edit);
  assert.equal(allowed.code, 0, allowed.text);
  assert.partialDeepStrictEqual(allowed.said, {
    ...{ ok: true, decision: "allowed", operation: "desk.issue.edit", record: "PROJ-42", entry: 1 },
    sent: { method: "PUT", path: "/api/issues/10442", body: '{"fields":{"priority":"High"}}' },
  });
  const wide = ["/r/desk/api/issues/10443?fields=summary,status", "-H", "Accept: application/json"];
  const refused = await explain(...grant, ...wide);
  assert.equal(refused.code, 4);
  assert.partialDeepStrictEqual(refused.said, {
    ...{ ok: false, error: "refused", decision: "refused", code: "record_not_granted", over: { record: ["10443"] } },
    entries: [{ entry: 1, code: "record_not_granted" }],
    sufficient: [
      { type: "desk.issue", identifier: "10443", actions: ["read"], fields: { read: ["status", "summary"] } },
    ],
  });
  writeFileSync(join(folder, "enough.json"), JSON.stringify(refused.said["sufficient"]));
  const enough = await explain("--on", "desk", "--grant", join(folder, "enough.json"), ...wide);
  assert.deepEqual([enough.code, enough.said["decision"]], [0, "allowed"], enough.text);
  const form = await explain(...grant, "-X", "POST", "/api/bulk", "-d", "{}");
  assert.deepEqual([form.code, form.said["code"], form.said["sufficient"]], [4, "operation_unknown", []]);
  const usage = await explain(...grant, "--policy", "one-issue", "/api/issues/PROJ-42");
  assert.deepEqual([usage.code, usage.said["error"]], [2, "usage"]);
});

test("[explain.depends] what only the API can say is no permission, until its answer is given", async (t) => {
  const { folder, explain } = desk(t);
  const grant = ["--on", "desk", "--grant", join(folder, "grant.json"), "/api/issues/PROJ-42/moves"];
  const open = await explain(...grant, "-d", '{"move":"31"}');
  assert.deepEqual([open.code, open.said["decision"], open.said["record"]], [4, "depends", "PROJ-42"], open.text);
  assert.match(String(open.said["message"]), /`31` means .*In Review/);
  const known = ["--known", join(folder, "moves.json")];
  assert.equal((await explain(...grant, ...known, "-d", '{"move":"31"}')).said["decision"], "allowed");
  assert.equal((await explain(...grant, ...known, "-d", '{"move":"41"}')).said["code"], "value_not_granted");
});

test("[explain.policy] a policy of the configuration folder is judged for the record that is named", async (t) => {
  const { explain } = desk(t);
  const policy = ["--policy", "one-issue"];
  const read = await explain("--on", "desk:PROJ-42", ...policy, "/api/issues/PROJ-42?fields=summary");
  assert.deepEqual([read.code, read.said["entry"]], [0, 1], read.text);
  // the entry for a project could be about any issue, so it is the one that comes closest
  const other = await explain("--on", "desk:PROJ-42", ...policy, "/api/issues/PROJ-43?fields=summary");
  assert.deepEqual([other.code, other.said["code"]], [4, "operation_not_granted"], other.text);
  const edit = ["-X", "PUT", "/api/issues/OPS-1", "-d", '{"fields":{"priority":"Low"}}'];
  const within = await explain("--on", "desk:PROJ-42", ...policy, ...edit);
  assert.deepEqual([within.code, within.said["decision"]], [4, "depends"], within.text);
  const unnamed = await explain("--on", "desk", ...policy, "/api/issues/PROJ-42");
  assert.deepEqual([unnamed.code, unnamed.said["error"]], [2, "usage"]);
});

test("[explain.grant] a grant of the running broker is judged by its id", async () => {
  await using world = await testWorld();
  const own = ["--json", "--data", world.data];
  const begun = await remit([...own, "run", "--on", "jira-acme:PROJ-42", "--", process.execPath, "-e", ""], {
    env: world.env,
  });
  assert.equal(begun.code, 0, begun.stderr);
  const listed = await remit([...own, "task", "list"], { env: world.env });
  const { tasks } = JSON.parse(listed.stdout) as { tasks: readonly { grant: string }[] };
  const grant = ["--grant", tasks[0]?.grant ?? "", "--on", "jira-acme", "--config", join(world.folder, "remit")];
  const ask = async (path: string): Promise<readonly unknown[]> => {
    const { code, stdout } = await remit([...own, "explain", ...grant, path], { env: world.env });
    const { decision, record } = JSON.parse(stdout) as Said;
    return [code, decision, record];
  };
  assert.deepEqual(await ask("/rest/api/3/issue/PROJ-42"), [0, "allowed", "PROJ-42"]);
  assert.deepEqual(await ask("/rest/api/3/issue/PROJ-43"), [4, "refused", "PROJ-43"]);
});

test("[explain.connector-test] the lists beside a connector are run by the command, and what fails ends it with 1", async (t) => {
  const { folder } = desk(t);
  const env = { REMIT_HOME: folder };
  const good = await remit(["connector", "test", TRACKER], { env });
  assert.deepEqual([good.code, good.stdout], [0, "tracker: 6 must-allow and 15 must-deny rows, all as they say\n"]);
  const named = await remit(["--json", "connector", "test", "tracker", "--connectors", TRACKER], { env });
  assert.partialDeepStrictEqual(JSON.parse(named.stdout), {
    ok: true,
    connectors: [{ connector: "tracker", failed: [] }],
  });
  const lonely = join(folder, "lonely");
  mkdirSync(lonely);
  writeFileSync(join(lonely, "other.yaml"), "connector: other\n");
  assert.equal((await remit(["connector", "test", lonely], { env })).code, 1);
  const none = await remit(["--json", "connector", "test", "no-such"], { env });
  assert.deepEqual([none.code, (JSON.parse(none.stdout) as Said)["error"]], [1, "error"]);
});
