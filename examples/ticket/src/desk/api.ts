import { edited } from "./edit.ts";
import { addComment, addWorklog, answerAttachment, pageOf, viewPart } from "./parts.ts";
import { MOVES, PROJECTS, SERVICE, statusOf } from "./seed.ts";
import type { Ticket, TicketStore } from "./store.ts";
import { type DeskAnswer, type DeskRequest, member, members, missing } from "./values.ts";

/** Answers as Jira Cloud's REST API does, side doors included. */
export function answerApi(store: TicketStore, request: DeskRequest): DeskAnswer {
  const path = request.path.replace(/^\/rest\/api\/(?:2|latest)\//, "/rest/api/3/");
  const [, rest = ""] = path.split("/rest/api/3/");
  const [kind = "", id = "", door = "", ...more] = rest.split("/");
  const all = (): readonly unknown[] => store.all().map((ticket) => view(store, ticket, request, []));
  if (kind === "issue" && id === "bulkfetch" && request.method === "POST")
    return { status: 200, body: { issues: all() } };
  if (kind === "issue" && id !== "") return answerIssue(store, decodeURIComponent(id), [door, ...more], request);
  if (kind === "attachment") return answerAttachment(store, [id, door], request);
  if (kind === "project") {
    const project = PROJECTS.find((one) => one.id === id || one.key === id);
    return project === undefined ? missing : { status: 200, body: { ...project, name: `${project.key} project` } };
  }
  if (kind === "search") return { status: 200, body: { issues: all(), isLast: true } };
  if (kind === "bulk" && request.method === "POST") {
    for (const ticket of store.all())
      store.write(ticket.id, { ...ticket.fields, ...members(member(request.body, "fields")) });
    return { status: 201, body: { taskId: "1" } };
  }
  if (kind === "myself") return { status: 200, body: SERVICE };
  return { status: 404, body: { errorMessages: ["not found"] } };
}

function answerIssue(
  store: TicketStore,
  idOrKey: string,
  [door = "", one = ""]: readonly string[],
  request: DeskRequest,
): DeskAnswer {
  const ticket = store.find(idOrKey);
  if (ticket === undefined) return missing;
  switch (`${request.method} ${door}${one === "" ? "" : "/one"}`) {
    case "GET ":
      return { status: 200, body: view(store, ticket, request) };
    case "PUT ":
      return edit(store, ticket, request);
    case "GET transitions":
      return {
        status: 200,
        body: {
          expand: "transitions",
          transitions: MOVES.map(({ id, name, to }) => ({
            id,
            name,
            to: statusOf(to),
            hasScreen: false,
          })),
        },
      };
    case "POST transitions":
      return transition(store, ticket, request);
    case "PUT assignee":
      store.write(ticket.id, { ...ticket.fields, assignee: members(request.body) });
      return { status: 204 };
    case "GET comment":
      return { status: 200, body: pageOf(store, ticket, "comment", request) };
    case "POST comment":
      return addComment(store, ticket, request.body, request.base);
    case "GET worklog":
      return { status: 200, body: pageOf(store, ticket, "worklog", request) };
    case "POST worklog":
      return addWorklog(store, ticket, request);
    case "DELETE ":
      return { status: 204 };
    default:
      return { status: 404, body: { errorMessages: ["not found"] } };
  }
}

/** A ticket with the fields that were asked for; without any, with all of them. */
function view(
  store: TicketStore,
  ticket: Ticket,
  { query, base }: DeskRequest,
  asked = query.getAll("fields").flatMap((value) => value.split(",")),
): Record<string, unknown> {
  const shown = {
    expand: "renderedFields,names,schema",
    id: ticket.id,
    self: `${base}/rest/api/3/issue/${ticket.id}`,
    key: ticket.key,
  };
  const own = new URLSearchParams();
  const fields: Record<string, unknown> = {
    ...ticket.fields,
    comment: pageOf(store, ticket, "comment", { query: own, base }),
    worklog: pageOf(store, ticket, "worklog", { query: own, base }),
    attachment: store.parts("attachment", ticket.id).map((part) => viewPart(part, base)),
  };
  // as in Jira, this expansion ignores `fields`
  if (query.getAll("expand").join(",").includes("versionedRepresentations"))
    return { ...shown, versionedRepresentations: fields };
  const all = asked.length === 0 || asked.includes("*all");
  return {
    ...shown,
    fields: all ? fields : Object.fromEntries(Object.entries(fields).filter(([name]) => asked.includes(name))),
  };
}

function edit(store: TicketStore, ticket: Ticket, request: DeskRequest): DeskAnswer {
  const changed = edited(store, ticket, request);
  if (!changed.ok) return { status: 400, body: { errorMessages: [], errors: changed.errors } };
  store.write(ticket.id, changed.fields);
  return request.query.get("returnIssue") === "true"
    ? { status: 200, body: view(store, { ...ticket, fields: changed.fields }, request, []) }
    : { status: 204 };
}

function transition(store: TicketStore, ticket: Ticket, request: DeskRequest): DeskAnswer {
  const id = member(member(request.body, "transition"), "id");
  const move = MOVES.find((one) => one.id === id);
  if (move === undefined)
    return {
      status: 400,
      body: {
        errorMessages: ["It seems that you have tried to perform an invalid workflow operation."],
        errors: {},
      },
    };
  const changed = edited(store, ticket, request);
  if (!changed.ok) return { status: 400, body: { errorMessages: [], errors: changed.errors } };
  store.write(ticket.id, { ...changed.fields, status: statusOf(move.to) });
  return { status: 204 };
}
