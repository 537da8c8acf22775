import { createCloudClient } from "jira.js/cloud";

// An agent that knows Jira and nothing else: the unmodified client, its usual variables, no secret of its own.

const say = (step: string, facts: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify({ step, ...facts })}\n`);

const jira = createCloudClient({
  host: process.env["JIRA_BASE_URL"] ?? "",
  auth: {
    type: "basic",
    email: process.env["JIRA_EMAIL"] ?? "",
    apiToken: process.env["JIRA_API_TOKEN"] ?? "",
  },
  onSchemaMismatch: "silent",
});

const ticket = process.argv[2] ?? "PROJ-42";

/** A comment of one paragraph, in Jira's document format. */
const saying = (...content: readonly Record<string, unknown>[]): Body => ({
  ...{ type: "doc", version: 1 },
  content: [{ type: "paragraph", content }],
});

type Body = NonNullable<Parameters<typeof jira.issueComments.addComment>[0]["body"]>;

/** Where the drill is run, the desk's own count after each step is said too. */
async function received(): Promise<{ readonly received?: number }> {
  const [desk, key] = [process.argv[3], process.env["DESK_CONTROL_KEY"]];
  if (desk === undefined || key === undefined) return {};
  const response = await fetch(`${desk}/__desk/requests`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { count } = (await response.json()) as { readonly count: number };
  return { received: count };
}

async function attempt(step: string, run: () => Promise<unknown>): Promise<void> {
  try {
    const value = await run();
    say(step, { ok: true, ...(value === undefined ? {} : { value }), ...(await received()) });
  } catch (error) {
    const { status, body, message } = {
      status: undefined,
      body: undefined,
      message: String(error),
      ...(typeof error === "object" ? error : {}),
    };
    say(step, { ok: false, status, body, message, ...(await received()) });
  }
}

await attempt("read", async () =>
  jira.issues.getIssue({ issueIdOrKey: ticket, fields: ["summary", "status", "priority"] }),
);
await attempt("read all", async () => jira.issues.getIssue({ issueIdOrKey: ticket }));
await attempt("set priority", async () =>
  jira.issues.editIssue({ issueIdOrKey: ticket, fields: { priority: { name: "High" } } }),
);
await attempt("move", async () => {
  const { transitions = [] } = await jira.issues.getTransitions({ issueIdOrKey: ticket });
  const review = transitions.find((transition) => transition.to?.name === "In Review");
  if (review?.id === undefined) throw new Error("there is no way to In Review");
  await jira.issues.doTransition({ issueIdOrKey: ticket, transition: { id: review.id } });
  return transitions.map((transition) => transition.to?.name);
});
await attempt("label", async () =>
  jira.issues.editIssue({ issueIdOrKey: ticket, update: { labels: [{ add: "triaged" }] } }),
);
await attempt("comment", async () => {
  const { id } = await jira.issueComments.addComment({
    issueIdOrKey: ticket,
    body: saying({ type: "text", text: "Done." }),
  });
  return { id };
});
await attempt("mention", async () =>
  jira.issueComments.addComment({
    issueIdOrKey: ticket,
    body: saying({ type: "mention", attrs: { id: "mallory", text: "@Mallory" } }),
  }),
);
await attempt("assign", async () =>
  jira.issues.editIssue({ issueIdOrKey: ticket, fields: { assignee: { accountId: "mallory" } } }),
);
await attempt("finish", async () => jira.issues.doTransition({ issueIdOrKey: ticket, transition: { id: "41" } }));
await attempt("other ticket", async () => jira.issues.getIssue({ issueIdOrKey: "PROJ-43", fields: ["summary"] }));
await attempt("no ticket", async () => jira.issues.getIssue({ issueIdOrKey: "PROJ-4300", fields: ["summary"] }));
await attempt("search", async () => jira.issueSearch.searchAndReconsileIssuesUsingJql({ jql: "project = PROJ" }));
