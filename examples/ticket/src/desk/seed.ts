import type { Part, Ticket } from "./store.ts";

const person = (accountId: string, displayName: string): Record<string, unknown> => ({
  accountId,
  displayName,
  emailAddress: `${accountId}@acme.example`,
  active: true,
});

/** Who the desk takes the connected account for. */
export const SERVICE = person("svc-jira", "Service account");

const STATUSES: Readonly<Record<string, string>> = {
  "To Do": "10000",
  "In Progress": "10001",
  "In Review": "10002",
  Done: "10003",
};

export const statusOf = (name: string): Record<string, unknown> => ({
  self: `https://desk.example/rest/api/3/status/${STATUSES[name] ?? ""}`,
  id: STATUSES[name] ?? "",
  name,
  statusCategory: { key: "indeterminate" },
});

/** The moves of the workflow: id, name, target. */
export const MOVES = [
  { id: "11", name: "Back to backlog", to: "To Do" },
  { id: "21", name: "Start", to: "In Progress" },
  { id: "31", name: "Send to review", to: "In Review" },
  { id: "41", name: "Finish", to: "Done" },
] as const;

/** A text in the desk's document format, one paragraph. */
const doc = (...content: readonly unknown[]): Record<string, unknown> => ({
  type: "doc",
  version: 1,
  content: [{ type: "paragraph", content }],
});
const text = (value: string): Record<string, unknown> => ({ type: "text", text: value });

const fieldsOf = (
  summary: string,
  project: { readonly id: string; readonly key: string },
  more: Readonly<Record<string, unknown>>,
): Record<string, unknown> => ({
  summary,
  status: statusOf("In Progress"),
  priority: {
    self: "https://desk.example/rest/api/3/priority/3",
    iconUrl: "https://desk.example/medium.svg",
    name: "Medium",
    id: "3",
  },
  assignee: person("sam", "Sam"),
  reporter: person("dana", "Dana"),
  labels: ["customer"],
  components: [{ self: "https://desk.example/rest/api/3/component/1", id: "1", name: "Login" }],
  fixVersions: [],
  duedate: null,
  resolution: null,
  created: "2026-11-20T09:00:00.000+0000",
  updated: "2026-11-23T16:20:00.000+0000",
  timetracking: { remainingEstimate: "2h", remainingEstimateSeconds: 7200 },
  issuetype: { self: "https://desk.example/rest/api/3/issuetype/10004", id: "10004", name: "Bug", subtask: false },
  project: { ...project, name: project.key },
  subtasks: [],
  description: doc(
    text("Customer number 4711, card ending 0042. Asked by "),
    { type: "mention", attrs: { id: "sam", text: "@Sam" } },
    text(", see "),
    { type: "inlineCard", attrs: { url: "https://desk.example/browse/PROJ-43" } },
  ),
  ...more,
});

const PROJ = { id: "10010", key: "PROJ" };
const OPS = { id: "10020", key: "OPS" };

/** The desk's projects. A ticket's key begins with its project's. */
export const PROJECTS: readonly { readonly id: string; readonly key: string }[] = [PROJ, OPS];

export const TICKETS: readonly Ticket[] = [
  {
    id: "10442",
    key: "PROJ-42",
    fields: fieldsOf("Login answers 500 on Safari", PROJ, {
      issuelinks: [
        {
          id: "1",
          type: { name: "Blocks" },
          outwardIssue: {
            id: "10443",
            key: "PROJ-43",
            fields: { summary: "Rotate the payment keys" },
          },
        },
      ],
      parent: { id: "10007", key: "OPS-7", fields: { summary: "Quarterly hardening" } },
    }),
  },
  {
    id: "10443",
    key: "PROJ-43",
    fields: fieldsOf("Rotate the payment keys", PROJ, { issuelinks: [] }),
  },
  {
    id: "10007",
    key: "OPS-7",
    fields: fieldsOf("Quarterly hardening", OPS, { issuelinks: [] }),
  },
];

const WRITTEN = { created: "2026-11-21T10:00:00.000+0000", updated: "2026-11-21T10:00:00.000+0000" };

const commentOf = (words: string): Record<string, unknown> => ({
  author: person("sam", "Sam"),
  body: doc(text(words)),
  jsdPublic: false,
  ...WRITTEN,
});

/** A file as the desk keeps it: what it says of it, and its bytes. */
const file = (id: string, ticket: string, filename: string, words: string): Part => ({
  ...{ id, ticket, kind: "attachment" },
  value: {
    ...{ filename, mimeType: "text/plain", size: Buffer.byteLength(words), created: WRITTEN.created },
    author: person("sam", "Sam"),
  },
  bytes: Buffer.from(words),
});

/** Comments, times and files of the tickets. */
export const PARTS: readonly Part[] = [
  { id: "1", ticket: "10442", kind: "comment", value: commentOf("internal: do not tell the customer") },
  { id: "2", ticket: "10443", kind: "comment", value: commentOf("the keys are in the old vault") },
  {
    ...{ id: "500", ticket: "10442", kind: "worklog" },
    value: {
      ...{ author: person("sam", "Sam"), started: WRITTEN.created, timeSpent: "10m", timeSpentSeconds: 600 },
      ...WRITTEN,
    },
  },
  file("900", "10442", "safari.log", "GET /login 500\n"),
  file("901", "10443", "keys.txt", "the payment keys\n"),
];
