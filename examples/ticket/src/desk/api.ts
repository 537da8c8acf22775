import { MOVES, PROJECTS, statusOf, type Ticket, type TicketStore } from "./store.ts";

export interface DeskRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface DeskAnswer {
  readonly status: number;
  readonly body?: unknown;
}

const missing: DeskAnswer = {
  status: 404,
  body: {
    errorMessages: ["Issue does not exist or you do not have permission to see it."],
    errors: {},
  },
};

/** Answers as Jira Cloud's REST API does, side doors included. */
export function answerApi(store: TicketStore, request: DeskRequest): DeskAnswer {
  const path = request.path.replace(/^\/rest\/api\/(?:2|latest)\//, "/rest/api/3/");
  const [, rest = ""] = path.split("/rest/api/3/");
  const [kind = "", id = "", door = ""] = rest.split("/");
  if (kind === "issue" && id === "bulkfetch" && request.method === "POST")
    return { status: 200, body: { issues: store.all().map((ticket) => view(ticket, undefined)) } };
  if (kind === "issue" && id !== "") return answerIssue(store, decodeURIComponent(id), door, request);
  if (kind === "project") {
    const project = PROJECTS.find((one) => one.id === id || one.key === id);
    return project === undefined ? missing : { status: 200, body: { ...project, name: `${project.key} project` } };
  }
  if (kind === "search")
    return {
      status: 200,
      body: { issues: store.all().map((ticket) => view(ticket, undefined)), isLast: true },
    };
  if (kind === "bulk" && request.method === "POST") {
    for (const ticket of store.all())
      store.write(ticket.id, { ...ticket.fields, ...members(member(request.body, "fields")) });
    return { status: 201, body: { taskId: "1" } };
  }
  if (kind === "myself") return { status: 200, body: { accountId: "svc-jira", displayName: "Service account" } };
  return { status: 404, body: { errorMessages: ["not found"] } };
}

function answerIssue(store: TicketStore, idOrKey: string, door: string, request: DeskRequest): DeskAnswer {
  const ticket = store.find(idOrKey);
  if (ticket === undefined) return missing;
  switch (`${request.method} ${door}`) {
    case "GET ":
      return { status: 200, body: view(ticket, request.query) };
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
    case "POST comment":
      return { status: 201, body: { id: "2", body: member(request.body, "body") } };
    case "DELETE ":
      return { status: 204 };
    default:
      return { status: 404, body: { errorMessages: ["not found"] } };
  }
}

function view(ticket: Ticket, query: URLSearchParams | undefined): Record<string, unknown> {
  const base = {
    expand: "renderedFields,names,schema",
    id: ticket.id,
    self: `https://desk.example/rest/api/3/issue/${ticket.id}`,
    key: ticket.key,
  };
  const expand = query?.getAll("expand").join(",") ?? "";
  // as in Jira, this expansion ignores `fields`
  if (expand.includes("versionedRepresentations")) return { ...base, versionedRepresentations: ticket.fields };
  const asked = query?.getAll("fields").flatMap((value) => value.split(",")) ?? [];
  const all = asked.length === 0 || asked.includes("*all");
  return {
    ...base,
    fields: all
      ? ticket.fields
      : Object.fromEntries(Object.entries(ticket.fields).filter(([name]) => asked.includes(name))),
  };
}

const PRIORITIES = ["Highest", "High", "Medium", "Low", "Lowest"];

function edit(store: TicketStore, ticket: Ticket, { body, query }: DeskRequest): DeskAnswer {
  const fields = members(member(body, "fields"));
  const errors: Record<string, string> = {};
  if ("status" in fields)
    errors["status"] = "Field 'status' cannot be set. It is not on the appropriate screen, or unknown.";
  const priority = "priority" in fields ? member(fields["priority"], "name") : undefined;
  if ("priority" in fields && !PRIORITIES.includes(String(priority)))
    errors["priority"] = "The priority selected is invalid.";
  if (Object.keys(errors).length > 0) return { status: 400, body: { errorMessages: [], errors } };
  const named =
    priority === undefined
      ? {}
      : { priority: { name: priority, id: String(PRIORITIES.indexOf(String(priority)) + 1) } };
  const changed = { ...ticket.fields, ...fields, ...named };
  store.write(ticket.id, changed);
  return query.get("returnIssue") === "true"
    ? { status: 200, body: view({ ...ticket, fields: changed }, undefined) }
    : { status: 204 };
}

function transition(store: TicketStore, ticket: Ticket, { body }: DeskRequest): DeskAnswer {
  const id = member(member(body, "transition"), "id");
  const move = MOVES.find((one) => one.id === id);
  if (move === undefined)
    return {
      status: 400,
      body: {
        errorMessages: ["It seems that you have tried to perform an invalid workflow operation."],
        errors: {},
      },
    };
  store.write(ticket.id, {
    ...ticket.fields,
    ...members(member(body, "fields")),
    status: statusOf(move.to),
  });
  return { status: 204 };
}

const members = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const member = (value: unknown, name: string): unknown => members(value)[name];
