import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createCloudClient } from "jira.js/cloud";
import { beginDrill } from "../../examples/ticket/src/story/drills.ts";
import { openEndpoint } from "../../packages/cli/src/run/endpoint.ts";
import { testWorld, type World } from "../world.ts";
import { doc, issueIdOrKey, type Jira, REFUSED, text } from "./jira-refused.ts";

const READ = [
  "summary",
  "description",
  "labels",
  "priority",
  "status",
  "attachment",
  "issuelinks",
  "parent",
  "comment",
];
const WORK = ["read", "edit", "transition", "read_comments", "comment", "read_worklogs", "log_work"];

/** All that the connector can give of one ticket, and its files. */
const POLICY = `policy: whole-ticket
actor: { client: coding-agent }
subject: { issuer: login, claims: { groups: support } }
rights: service
may:
  - type: jira-acme.issue
    identifier: "10442"
    actions: [${WORK.join(", ")}]
    fields: { read: [${READ.join(", ")}], write: [priority, labels, description] }
    where: { transition: { /to: { one_of: [In Review] } } }
  - type: jira-acme.attachment
    within: { type: issue, identifier: "10442" }
    actions: [read, download]
    fields: { read: [filename, size, content] }
limits:
  task: { duration: 1h, depth: 0 }
  grant: { uses: 200 }
  each: { per: [actor, subject], tasks: { live: 20 } }
approval: none
`;

const wholeTicket = (config: string): void => writeFileSync(join(config, "policies", "whole-ticket.yaml"), POLICY);

const FILES = { type: "jira-acme.attachment", within: { type: "issue", alias: "PROJ-42" } };

/** The unmodified client at an endpoint as `remit run` opens it, with the whole ticket and its files. */
async function withClient(world: World, work: (jira: Jira) => Promise<void>): Promise<void> {
  const { agent, held } = await beginDrill(world, { alias: "PROJ-42" }, "whole-ticket", [FILES]);
  await using endpoint = await openEndpoint(held.resource, agent);
  const auth = { type: "basic", email: "agent@remit.example", apiToken: endpoint.phantom.reveal() } as const;
  await work(createCloudClient({ host: endpoint.url, auth, onSchemaMismatch: "silent" }));
}

test("[jira.client-works] unmodified jira.js reads, edits, moves, comments on and logs time on the granted ticket, and reads its files", async () => {
  await using world = await testWorld(wholeTicket);
  await withClient(world, async (jira) => {
    const fields = ["summary", "description", "labels", "attachment", "issuelinks", "parent", "comment"];
    const { fields: read } = await jira.issues.getIssue({ issueIdOrKey, fields });
    assert.deepEqual(Object.keys(read ?? {}).sort(), fields.toSorted());
    // other records: which they are, and nothing that is in them
    assert.deepEqual(read?.["parent"], { id: "10007", key: "OPS-7" });
    assert.doesNotMatch(JSON.stringify(read), /Rotate the payment keys|Quarterly|desk\.example|do not tell/);
    assert.match(JSON.stringify(read?.["description"]), /card ending 0042/);

    await jira.issues.editIssue({ issueIdOrKey, fields: { priority: { name: "High" } } });
    await jira.issues.editIssue({ issueIdOrKey, update: { labels: [{ add: "triaged" }] } });
    const { transitions = [] } = await jira.issues.getTransitions({ issueIdOrKey });
    assert.deepEqual(
      transitions.map(({ to }) => to?.name),
      ["In Review"],
    );
    await jira.issues.doTransition({ issueIdOrKey, transition: { id: transitions[0]?.id ?? "" } });
    const after = await jira.issues.getIssue({ issueIdOrKey, fields: ["priority", "labels", "status"] });
    assert.deepEqual(after.fields?.["labels"], ["customer", "triaged"]);
    assert.deepEqual(after.fields?.["priority"], { id: "2", name: "High" });
    assert.deepEqual(after.fields?.["status"], { id: "10002", name: "In Review" });

    const said = await jira.issueComments.addComment({ issueIdOrKey, body: doc(text("in review")) });
    const visibility = { type: "role", value: "Developers" } as const;
    await jira.issueComments.addComment({ issueIdOrKey, body: doc(text("for us")), visibility });
    const page = await jira.issueComments.getComments({ issueIdOrKey, maxResults: 2, orderBy: "-created" });
    assert.deepEqual(
      page.comments?.map(({ body }) => body),
      [doc(text("for us")), doc(text("in review"))],
    );
    assert.deepEqual(page.comments?.[0]?.visibility, visibility);
    assert.deepEqual([page.comments?.[1]?.id, page.total], [said.id, 3]);

    const logged = await jira.issueWorklogs.addWorklog({
      ...{ issueIdOrKey, timeSpentSeconds: 1800, adjustEstimate: "leave" },
      ...{ started: "2026-11-24T09:00:00.000+0000", comment: doc(text("looked into it")) },
    });
    const { worklogs = [] } = await jira.issueWorklogs.getIssueWorklog({ issueIdOrKey });
    assert.deepEqual(
      worklogs.map(({ id }) => id),
      ["500", logged.id],
    );

    const { filename, size } = await jira.issueAttachments.getAttachment({ id: "900" });
    assert.deepEqual([filename, size], ["safari.log", 15]);
    const content = await jira.issueAttachments.getAttachmentContent({ id: "900" });
    assert.ok(content instanceof Uint8Array);
    assert.equal(Buffer.from(content).toString(), "GET /login 500\n");
  });
});

test("[jira.client-refused] whatever else unmodified jira.js asks for is refused with its reason, and nothing reaches Jira", async () => {
  await using world = await testWorld(wholeTicket);
  await withClient(world, async (jira) => {
    const { fields } = await jira.issues.getIssue({ issueIdOrKey, fields: ["summary"] });
    assert.deepEqual(Object.keys(fields ?? {}), ["summary"]);
    // what moves mean is read with the first of them
    await jira.issues.doTransition({ issueIdOrKey, transition: { id: "31" } });
    const before = await world.received();
    const wrong: string[] = [];
    for (const [what, code, run] of REFUSED) {
      const answered = await codeOf(async () => run(jira));
      const sent = (await world.received()) - before;
      if (answered !== code || sent !== 0) wrong.push(`${what}: ${answered} instead of ${code}, ${sent} sent`);
    }
    assert.deepEqual(wrong, []);
  });
});

test("[jira.foreign-file] a file of another ticket is as good as absent: only the granted ticket's own list is read", async () => {
  await using world = await testWorld(wholeTicket);
  await withClient(world, async (jira) => {
    const before = await world.received();
    const answers: string[] = [];
    for (const id of ["901", "999"])
      answers.push(
        await codeOf(async () => jira.issueAttachments.getAttachment({ id })),
        await codeOf(async () => jira.issueAttachments.getAttachmentContent({ id })),
      );
    assert.deepEqual(new Set(answers), new Set(["record_not_granted"]));
    const { requests } = (await world.control("/__desk/requests", {})) as { requests: readonly { url: string }[] };
    assert.deepEqual(
      new Set(requests.slice(before).map(({ url }) => url)),
      new Set(["/rest/api/3/issue/10442?fields=attachment"]),
    );
  });
});

/** The code of the refusal that the client throws. */
async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "ok";
  } catch (error) {
    const { body }: { readonly body?: unknown } = { ...(error as object) };
    const { code }: { readonly code?: unknown } = { ...(typeof body === "object" ? body : {}) };
    return typeof code === "string" ? code : String(error);
  }
}
