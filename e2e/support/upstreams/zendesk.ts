import { isJsonObject, type Json, type JsonObject, readJson } from "@remit/core";
import { type HostileUpstream, hostileUpstream, type Received, type UpstreamAnswer } from "@remit/testkit";
import { type Account, type Comment, freshAccount, type Ticket, ticketsIn } from "./zendesk-records.ts";

/** What one request did to the account, and which tickets its answer told of. */
export interface Deed {
  readonly method: string;
  readonly target: string;
  /** The user that the request named in `X-On-Behalf-Of`, else the one of the credential. */
  readonly as: string;
  readonly told: readonly number[];
  readonly changed: readonly number[];
}

/** A Zendesk Support API with two customers. */
export interface Zendesk extends AsyncDisposable {
  readonly upstream: HostileUpstream;
  readonly origin: string;
  readonly account: Account;
  readonly deeds: readonly Deed[];
}

/** The only API token; whoever has it may be any user, as with the real one. */
export const ZENDESK_TOKEN = "zd-token-of-the-account-4f1c";

const MAX_DEEDS = 10_000;

/** Starts it on loopback. It does whatever the credential allows, which is everything. */
export async function startZendesk(): Promise<Zendesk> {
  const account = freshAccount();
  const deeds: Deed[] = [];
  const answer = (request: Received): UpstreamAnswer => {
    if (deeds.length >= MAX_DEEDS) throw new Error("more requests than a test makes");
    const as = userOf(request);
    const done = as === undefined ? FORBIDDEN : serve(account, request);
    const { method, target } = request;
    deeds.push({ method, target, as: as ?? "nobody", told: ticketsIn(done.body), changed: done.changed ?? [] });
    return { status: done.status, ...(done.body === undefined ? {} : { body: done.body }) };
  };
  const upstream = await hostileUpstream({ answer });
  return {
    ...{ upstream, origin: upstream.origin, account, deeds },
    [Symbol.asyncDispose]: async () => upstream[Symbol.asyncDispose](),
  };
}

interface Done extends UpstreamAnswer {
  readonly changed?: readonly number[];
}

const FORBIDDEN: Done = { status: 401, body: { error: "Couldn't authenticate you" } };
const NOT_FOUND: Done = { status: 404, body: { error: "RecordNotFound", description: "Not found" } };

function userOf({ rawHeaders }: Received): string | undefined {
  const [scheme = "", value = ""] = (headerOf(rawHeaders, "authorization") ?? "").split(" ");
  const [user = "", token] = Buffer.from(value, "base64").toString("utf8").split("/token:");
  if (scheme !== "Basic" || token !== ZENDESK_TOKEN) return undefined;
  return headerOf(rawHeaders, "x-on-behalf-of") ?? user;
}

function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  const at = rawHeaders.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name);
  return at === -1 ? undefined : rawHeaders[at + 1];
}

/** One request of the API, as far as it is played here; the suffix `.json` makes no difference. */
interface Asked {
  readonly account: Account;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  /** Where the request was sent, without its query: links to further pages begin so. */
  readonly place: string;
  /** The numbers in the path, in order. */
  readonly ids: readonly number[];
}

type Serve = (asked: Asked) => Done;

function serve(account: Account, { method, target, body, rawHeaders }: Received): Done {
  const url = new URL(target, `http://${headerOf(rawHeaders, "host") ?? "desk.example"}`);
  const path = url.pathname.replace(/^\/api\/v2\//, "").replace(/\.json$/, "");
  const form = `${method} ${path.replaceAll(/\b\d+\b/g, "#")}`;
  const read = body === "" ? undefined : readJson(Buffer.from(body));
  const sent = read?.ok === true && isJsonObject(read.value) ? read.value : {};
  const ids = [...path.matchAll(/\b\d+\b/g)].map(([digits]) => Number(digits));
  return (
    ROUTES[form]?.({ account, query: url.searchParams, body: sent, place: url.origin + url.pathname, ids }) ?? NOT_FOUND
  );
}

const ROUTES: Readonly<Record<string, Serve>> = {
  "GET tickets/#": ({ account, ids, query }) =>
    oneOf(account, ids[0], (ticket) => ({ ticket: ticket.fields, ...sideloaded(account, [ticket], query) })),
  "PUT tickets/#": ({ account, ids, body }) => update(account, ids, objectIn(body, "ticket"), "ticket"),
  "DELETE tickets/#": ({ account, ids }) => destroy(account, ids, 204),
  "GET tickets/#/comments": (asked) =>
    oneOf(asked.account, asked.ids[0], ({ comments }) => paged(comments.map(commentJson), "comments", asked)),
  "GET tickets/#/audits": ({ account, ids }) =>
    oneOf(account, ids[0], ({ fields, comments }) => ({
      audits: [{ id: 1, ticket_id: fields["id"] ?? null, events: comments.map(commentJson) }],
    })),
  "GET tickets/#/related": ({ account, ids }) => oneOf(account, ids[0], () => ({ topic_id: null, incidents: 0 })),
  "GET tickets/#/tags": ({ account, ids }) => oneOf(account, ids[0], ({ fields }) => ({ tags: fields["tags"] ?? [] })),
  "PUT tickets/#/tags": ({ account, ids, body }) => update(account, ids, body, "tags"),
  "POST tickets/#/tags": ({ account, ids, body }) => update(account, ids, body, "tags"),
  "POST tickets/#/merge": ({ account, ids, body }) =>
    update(account, [...ids, ...numbers(body["ids"])], {}, "job_status"),
  "PUT tickets/#/mark_as_spam": ({ account, ids }) => destroy(account, ids, 200),
  "PUT tickets/#/comments/#/make_private": ({ account, ids }) => update(account, ids.slice(0, 1), {}, "comment"),
  "GET tickets": (asked) => listed(asked, () => true, "tickets"),
  "POST tickets": ({ account, body }) => create(account, [objectIn(body, "ticket")]),
  "POST tickets/create_many": ({ account, body }) => create(account, objectsIn(body, "tickets")),
  "GET tickets/show_many": (asked) => {
    const ids = listOf(asked.query);
    return listed(asked, ({ id }) => ids.includes(Number(id)), "tickets");
  },
  "PUT tickets/update_many": ({ account, query, body }) =>
    update(account, [...listOf(query), ...objectsIn(body, "tickets").map(({ id }) => Number(id))], {}, "job_status"),
  "DELETE tickets/destroy_many": ({ account, query }) => destroy(account, listOf(query), 200),
  "GET organizations/#/tickets": (asked) =>
    listed(asked, (fields) => fields["organization_id"] === asked.ids[0], "tickets"),
  "GET users/#/tickets/requested": (asked) =>
    listed(asked, (fields) => fields["requester_id"] === asked.ids[0], "tickets"),
  "GET users/#/tickets/ccd": (asked) => listed(asked, () => true, "tickets"),
  "GET search": (asked) => listed(asked, () => true, "results"),
  "GET incremental/tickets": (asked) => listed(asked, () => true, "tickets"),
  "GET incremental/tickets/cursor": (asked) => listed(asked, () => true, "tickets"),
  "GET exports/tickets": (asked) => listed(asked, () => true, "tickets"),
  "GET requests/#": ({ account, ids }) => oneOf(account, ids[0], ({ fields }) => ({ request: fields })),
  "PUT requests/#": ({ account, ids, body }) => update(account, ids, objectIn(body, "request"), "request"),
  "GET users/#": ({ account, ids }) => found(account.users.get(ids[0] ?? 0), "user"),
  "GET users/me": ({ account }) => found(account.users.get(9002), "user"),
  "GET organizations/#": ({ account, ids }) => found(account.organizations.get(ids[0] ?? 0), "organization"),
};

const found = (record: JsonObject | undefined, name: string): Done =>
  record === undefined ? NOT_FOUND : { status: 200, body: { [name]: record } };

function oneOf(account: Account, id: number | undefined, body: (ticket: Ticket) => JsonObject): Done {
  const ticket = account.tickets.get(id ?? 0);
  return ticket === undefined ? NOT_FOUND : { status: 200, body: body(ticket) };
}

/** Changes tickets as told: a comment in the body is said, and publicly where nothing else is said. */
function update(account: Account, ids: readonly number[], changes: JsonObject, name: string): Done {
  const known = ids.filter((id) => account.tickets.has(id));
  const { comment, ...fields } = changes;
  for (const id of known) {
    const { fields: before, comments } = account.tickets.get(id) ?? { fields: {}, comments: [] };
    const said = isJsonObject(comment) ? [commentOf(comment, id * 10 + comments.length)] : [];
    account.tickets.set(id, { fields: { ...before, ...fields }, comments: [...comments, ...said] });
  }
  const first = account.tickets.get(known[0] ?? 0);
  return first === undefined
    ? NOT_FOUND
    : {
        status: 200,
        body: { [name]: first.fields, audit: { id: 2, events: first.comments.map(commentJson) } },
        changed: known,
      };
}

function destroy(account: Account, ids: readonly number[], status: number): Done {
  const known = ids.filter((id) => account.tickets.delete(id));
  if (known.length === 0) return NOT_FOUND;
  return { status, changed: known, ...(status === 204 ? {} : { body: { job_status: { id: "8b7" } } }) };
}

function create(account: Account, wanted: readonly JsonObject[]): Done {
  const made = wanted.map((fields, index) => ({
    requester_id: 9002,
    ...fields,
    id: 36000 + account.tickets.size + index,
  }));
  for (const fields of made) account.tickets.set(fields.id, { fields, comments: [] });
  return { status: 201, body: { ticket: made[0] ?? {} }, changed: made.map(({ id }) => id) };
}

function listed(asked: Asked, is: (fields: JsonObject) => boolean, name: string): Done {
  const tickets = [...asked.account.tickets.values()].filter(({ fields }) => asked.account.listsAll || is(fields));
  const page = paged(
    tickets.map(({ fields }) => fields),
    name,
    asked,
  );
  return { status: 200, body: { ...page, ...sideloaded(asked.account, tickets, asked.query) } };
}

/** Pages as the API makes them: by cursor where `page[size]` is asked for, else by number. */
function paged(items: readonly Json[], name: string, { query, place }: Asked): JsonObject {
  const isCursor = query.has("page[size]");
  const size = Number(query.get(isCursor ? "page[size]" : "per_page") ?? "100");
  const number = Number(query.get("page") ?? "1");
  const from = isCursor ? Number(atob(query.get("page[after]") ?? btoa("0"))) : (number - 1) * size;
  const page = items.slice(from, from + size);
  const isMore = from + size < items.length;
  const link = (more: string): string | null => (isMore ? `${place}?${more}` : null);
  if (!isCursor)
    return { [name]: page, next_page: link(`page=${number + 1}`), previous_page: null, count: items.length };
  const after = encodeURIComponent(btoa(String(from + size)));
  return {
    [name]: page,
    meta: { has_more: isMore, after_cursor: isMore ? btoa(String(from + size)) : null, before_cursor: null },
    links: { next: link(`page%5Bafter%5D=${after}&page%5Bsize%5D=${size}`), prev: null },
  };
}

function sideloaded(account: Account, tickets: readonly Ticket[], query: URLSearchParams): JsonObject {
  const include = (query.get("include") ?? "").split(",");
  return {
    ...(include.includes("users") ? { users: [...account.users.values()] } : {}),
    ...(include.includes("organizations") ? { organizations: [...account.organizations.values()] } : {}),
    ...(include.includes("comment_count") ? { comment_count: tickets.map(({ comments }) => comments.length) } : {}),
  };
}

const commentJson = (comment: Comment): JsonObject => ({
  ...{ ...comment, type: "Comment", html_body: `<p>${comment.body}</p>`, plain_body: comment.body, audit_id: 1 },
  ...{ attachments: [], metadata: { system: { ip_address: "203.0.113.7" } }, created_at: "2026-11-24T09:00:00Z" },
});

const commentOf = (comment: JsonObject, id: number): Comment => ({
  ...{
    id,
    author_id: Number(comment["author_id"] ?? 9002),
    body: String(comment["body"] ?? comment["html_body"] ?? ""),
  },
  public: comment["public"] !== false,
});

const listOf = (query: URLSearchParams): readonly number[] => (query.get("ids") ?? "").split(",").map(Number);
const numbers = (json: Json | undefined): readonly number[] =>
  Array.isArray(json) ? (json as readonly Json[]).map(Number) : [];
const objectIn = (body: JsonObject, name: string): JsonObject => {
  const inner = body[name];
  return isJsonObject(inner) ? inner : {};
};
const objectsIn = (body: JsonObject, name: string): readonly JsonObject[] => {
  const inner = body[name];
  return Array.isArray(inner) ? (inner as readonly Json[]).filter(isJsonObject) : [];
};
