import type { createCloudClient } from "jira.js/cloud";

export type Jira = ReturnType<typeof createCloudClient>;

/** The granted ticket. */
export const issueIdOrKey = "PROJ-42";
/** A text in Jira's document format, one paragraph. */
export const doc = (...content: readonly Record<string, unknown>[]) => ({
  ...{ type: "doc" as const, version: 1 },
  content: [{ type: "paragraph", content }],
});
export const text = (value: string) => ({ type: "text", text: value });

/** What is asked, the code of the refusal, and the call. */
type Call = readonly [what: string, code: string, run: (jira: Jira) => Promise<unknown>];

const mention = { type: "mention", attrs: { id: "sam", text: "@Sam" } };
const link = { ...text("here"), marks: [{ type: "link", attrs: { href: "https://evil.example" } }] };
const other = "PROJ-43";

/** What unmodified jira.js may not do with one granted ticket, and why. */
export const REFUSED: readonly Call[] = [
  [
    "another ticket",
    "record_not_granted",
    async ({ issues }) => issues.getIssue({ issueIdOrKey: other, fields: ["summary"] }),
  ],
  [
    "its comments",
    "record_not_granted",
    async ({ issueComments }) => issueComments.getComments({ issueIdOrKey: other }),
  ],
  [
    "a comment on it",
    "record_not_granted",
    async ({ issueComments }) => issueComments.addComment({ issueIdOrKey: other, body: doc(text("x")) }),
  ],
  [
    "time on it",
    "record_not_granted",
    async ({ issueWorklogs }) => issueWorklogs.addWorklog({ issueIdOrKey: other, timeSpentSeconds: 60 }),
  ],
  [
    "a field that is not granted",
    "field_not_granted",
    async ({ issues }) => issues.getIssue({ issueIdOrKey, fields: ["assignee"] }),
  ],
  ["all fields", "field_not_granted", async ({ issues }) => issues.getIssue({ issueIdOrKey, fields: ["*all"] })],
  ["old values", "operation_unknown", async ({ issues }) => issues.getIssue({ issueIdOrKey, expand: "changelog" })],
  [
    "another field",
    "field_not_granted",
    async ({ issues }) => issues.editIssue({ issueIdOrKey, fields: { assignee: { accountId: "m" } } }),
  ],
  [
    "a comment in an edit",
    "field_not_granted",
    async ({ issues }) => issues.editIssue({ issueIdOrKey, update: { comment: [{ add: { body: "x" } }] } }),
  ],
  [
    "an edit without mail",
    "operation_unknown",
    async ({ issues }) => issues.editIssue({ issueIdOrKey, fields: { priority: { name: "Low" } }, notifyUsers: false }),
  ],
  [
    "an edit that reads",
    "operation_unknown",
    async ({ issues }) => issues.editIssue({ issueIdOrKey, fields: { priority: { name: "Low" } }, returnIssue: true }),
  ],
  [
    "another move",
    "value_not_granted",
    async ({ issues }) => issues.doTransition({ issueIdOrKey, transition: { id: "41" } }),
  ],
  ["another assignee", "operation_unknown", async ({ issues }) => issues.assignIssue({ issueIdOrKey, accountId: "m" })],
  ["the end of the ticket", "operation_unknown", async ({ issues }) => issues.deleteIssue({ issueIdOrKey })],
  ["mail about it", "operation_unknown", async ({ issues }) => issues.notify({ issueIdOrKey, subject: "x" })],
  ["its history", "operation_unknown", async ({ issues }) => issues.getChangeLogs({ issueIdOrKey })],
  ["a new ticket", "operation_unknown", async ({ issues }) => issues.createIssue({ fields: { summary: "x" } })],
  ["many tickets", "operation_unknown", async ({ issues }) => issues.bulkFetchIssues({ issueIdsOrKeys: ["PROJ-42"] })],
  [
    "a mention",
    "body_refused",
    async ({ issueComments }) => issueComments.addComment({ issueIdOrKey, body: doc(mention) }),
  ],
  ["a link", "body_refused", async ({ issueComments }) => issueComments.addComment({ issueIdOrKey, body: doc(link) })],
  [
    "another's comment",
    "operation_unknown",
    async ({ issueComments }) => issueComments.updateComment({ issueIdOrKey, id: "1", body: doc(text("x")) }),
  ],
  ["its end", "operation_unknown", async ({ issueComments }) => issueComments.deleteComment({ issueIdOrKey, id: "1" })],
  [
    "comments by their ids",
    "operation_unknown",
    async ({ issueComments }) => issueComments.getCommentsByIds({ ids: [2] }),
  ],
  [
    "time in words",
    "body_refused",
    async ({ issueWorklogs }) => issueWorklogs.addWorklog({ issueIdOrKey, timeSpent: "1h" }),
  ],
  [
    "another estimate",
    "operation_unknown",
    async ({ issueWorklogs }) =>
      issueWorklogs.addWorklog({ issueIdOrKey, timeSpentSeconds: 60, adjustEstimate: "new", newEstimate: "9d" }),
  ],
  [
    "a watcher",
    "operation_unknown",
    async ({ issueWatchers }) => issueWatchers.addWatcher({ issueIdOrKey, body: { accountId: "m" } }),
  ],
  [
    "a search",
    "operation_unknown",
    async ({ issueSearch }) => issueSearch.searchAndReconsileIssuesUsingJql({ jql: "key = PROJ-42" }),
  ],
  [
    "a search by POST",
    "operation_unknown",
    async ({ issueSearch }) => issueSearch.searchAndReconsileIssuesUsingJqlPost({ jql: "key = PROJ-42" }),
  ],
  ["a count", "operation_unknown", async ({ issueSearch }) => issueSearch.countIssues({ jql: "summary ~ keys" })],
  [
    "what was seen lately",
    "operation_unknown",
    async ({ issueSearch }) => issueSearch.getIssuePickerResource({ query: "keys" }),
  ],
  [
    "a picture of a file",
    "operation_unknown",
    async ({ issueAttachments }) => issueAttachments.getAttachmentThumbnail({ id: "900" }),
  ],
  [
    "the end of a file",
    "operation_unknown",
    async ({ issueAttachments }) => issueAttachments.removeAttachment({ id: "900" }),
  ],
  [
    "an address for everybody",
    "operation_unknown",
    async ({ issueAttachments }) => issueAttachments.getAttachmentContent({ id: "900", redirect: true }),
  ],
  ["who I am", "operation_unknown", async ({ myself }) => myself.getCurrentUser()],
];
