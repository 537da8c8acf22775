import { SERVICE } from "./seed.ts";
import type { Part, Ticket, TicketStore } from "./store.ts";
import { type DeskAnswer, type DeskRequest, member, members, missing } from "./values.ts";

const NOW = "2026-11-24T09:00:00.000+0000";
const PAGE = 50;

/** A part as the desk shows it. */
export function viewPart(part: Part, base: string): Record<string, unknown> {
  const { id, kind, value, ticket } = part;
  if (kind === "comment") return { self: `${base}/rest/api/3/issue/${ticket}/comment/${id}`, id, ...value };
  if (kind === "worklog")
    return { self: `${base}/rest/api/3/issue/${ticket}/worklog/${id}`, id, issueId: ticket, ...value };
  return {
    ...{ self: `${base}/rest/api/3/attachment/${id}`, id },
    ...value,
    content: `${base}/rest/api/3/attachment/content/${id}`,
    thumbnail: `${base}/rest/api/3/attachment/thumbnail/${id}`,
  };
}

/** A page of a ticket's comments or times, as `startAt` and `maxResults` ask for it. */
export function pageOf(
  store: TicketStore,
  ticket: Ticket,
  kind: "comment" | "worklog",
  { query, base }: Pick<DeskRequest, "query" | "base">,
): Record<string, unknown> {
  const all = store.parts(kind, ticket.id);
  const ordered = query.get("orderBy") === "-created" ? all.toReversed() : all;
  const startAt = Number(query.get("startAt") ?? "0");
  const maxResults = Number(query.get("maxResults") ?? PAGE);
  const shown = ordered.slice(startAt, startAt + maxResults).map((part) => viewPart(part, base));
  return { startAt, maxResults, total: all.length, [`${kind}s`]: shown };
}

/** Adds a comment: its text, and to whom it is shown. */
export function addComment(store: TicketStore, ticket: Ticket, body: unknown, base: string): DeskAnswer {
  const { body: words, visibility } = members(body);
  if (member(words, "type") !== "doc")
    return { status: 400, body: { errorMessages: [], errors: { comment: "Comment body is not valid!" } } };
  const value = {
    ...{ author: SERVICE, body: words, jsdPublic: true, created: NOW, updated: NOW },
    ...(visibility === undefined ? {} : { visibility }),
  };
  return { status: 201, body: viewPart(store.add({ ticket: ticket.id, kind: "comment", value }), base) };
}

/** Adds time that was worked; the estimate shrinks unless it is to be left. */
export function addWorklog(store: TicketStore, ticket: Ticket, { body, query, base }: DeskRequest): DeskAnswer {
  const { timeSpentSeconds, started, comment, visibility } = members(body);
  if (typeof timeSpentSeconds !== "number")
    return { status: 400, body: { errorMessages: [], errors: { timeLogged: "You must indicate the time spent." } } };
  const value = {
    ...{ author: SERVICE, started: started ?? NOW, created: NOW, updated: NOW },
    ...{ timeSpentSeconds, timeSpent: `${Math.round(timeSpentSeconds / 60)}m` },
    ...(comment === undefined ? {} : { comment }),
    ...(visibility === undefined ? {} : { visibility }),
  };
  if (query.get("adjustEstimate") !== "leave") {
    const left = Number(member(ticket.fields["timetracking"], "remainingEstimateSeconds") ?? 0) - timeSpentSeconds;
    const timetracking = { remainingEstimateSeconds: Math.max(0, left), remainingEstimate: `${Math.max(0, left)}s` };
    store.write(ticket.id, { ...ticket.fields, timetracking });
  }
  return { status: 201, body: viewPart(store.add({ ticket: ticket.id, kind: "worklog", value }), base) };
}

/** Answers for files, which have ids of their own and are reached without their ticket. */
export function answerAttachment(
  store: TicketStore,
  [door = "", ...rest]: readonly string[],
  request: DeskRequest,
): DeskAnswer {
  const id = door === "content" ? rest[0] : door;
  const file = store.parts("attachment").find((part) => part.id === id);
  if (file === undefined || request.method !== "GET") return missing;
  // here the id is a number, while the list of a ticket has it as a text
  if (door !== "content") return { status: 200, body: { ...viewPart(file, request.base), id: Number(file.id) } };
  if (request.query.get("redirect") !== "false")
    return { status: 303, location: `${request.base}/media/${file.id}?token=signed` };
  const bytes = {
    type: String(file.value["mimeType"]),
    name: String(file.value["filename"]),
    data: file.bytes ?? Buffer.alloc(0),
  };
  return { status: 200, bytes };
}
