import type { Json, JsonObject } from "@remit/core";

/** A comment of a ticket: what the customer sees is public. */
export interface Comment {
  readonly id: number;
  readonly author_id: number;
  readonly body: string;
  readonly public: boolean;
}

/** A ticket with its conversation, which the API keeps in a place of its own. */
export interface Ticket {
  readonly fields: JsonObject;
  readonly comments: readonly Comment[];
}

/** Everything that the account holds, by identifier. */
export interface Account {
  readonly tickets: Map<number, Ticket>;
  readonly users: Map<number, JsonObject>;
  readonly organizations: Map<number, JsonObject>;
  /** Where true, listings hold tickets of everybody, whoever was asked for. */
  listsAll: boolean;
}

/** Acme is the customer that is granted in tests; whatever is Globex's must not be seen. */
export const ACME = 360001;
export const GLOBEX = 360002;
export const ANN = 5001;
export const BOB = 5002;
export const EVE = 6001;
const AGENT = 9001;

/** What must never be told to someone who works for Acme. */
export const GLOBEX_TEXTS = ["Globex", "merger", "eve@globex.example", "Eve Fox", "the other board"] as const;

const at = "2026-11-24T09:00:00Z";

const ticket = (
  id: number,
  organization: number,
  requester: number,
  subject: string,
  said: readonly (readonly [text: string, isPublic: boolean])[],
): readonly [number, Ticket] => [
  id,
  {
    fields: {
      ...{ id, url: `https://desk.example/api/v2/tickets/${id}.json`, external_id: null, type: "incident" },
      ...{ subject, raw_subject: subject, description: said[0]?.[0] ?? "", status: "open", priority: "normal" },
      ...{ tags: ["web"], requester_id: requester, submitter_id: requester, assignee_id: AGENT, group_id: 7001 },
      ...{ organization_id: organization, collaborator_ids: [BOB], follower_ids: [], email_cc_ids: [BOB] },
      ...{ due_at: null, problem_id: null, brand_id: 1, is_public: true, recipient: "help@desk.example" },
      ...{ custom_fields: [{ id: 81, value: "contract 4711" }], via: { channel: "email", source: { from: {} } } },
      ...{ satisfaction_rating: { score: "unoffered" }, created_at: at, updated_at: at },
    },
    comments: said.map(([body, isPublic], index) => ({
      id: id * 10 + index,
      author_id: isPublic ? requester : AGENT,
      body,
      public: isPublic,
    })),
  },
];

const user = (id: number, name: string, email: string, role: string, organization: number | null): JsonObject => ({
  ...{ id, name, email, role, organization_id: organization, phone: "+1 555 0100", notes: `notes on ${name}` },
  ...{ active: true, suspended: false, tags: [], time_zone: "UTC", locale: "en", verified: true, external_id: null },
  ...{ created_at: at, updated_at: at, url: `https://desk.example/api/v2/users/${id}.json` },
});

const organization = (id: number, name: string, domain: string): JsonObject => ({
  ...{ id, name, domain_names: [domain], tags: [], details: `details of ${name}`, notes: `notes on ${name}` },
  ...{ external_id: null, group_id: null, created_at: at, updated_at: at },
  url: `https://desk.example/api/v2/organizations/${id}.json`,
});

const keyed = (records: readonly JsonObject[]): Map<number, JsonObject> =>
  new Map(records.map((record) => [Number(record["id"]), record]));

/** Two customers with three and two tickets. */
export function freshAccount(): Account {
  return {
    listsAll: false,
    tickets: new Map([
      ticket(35436, ACME, ANN, "Login answers 500", [
        ["It answers 500 since noon", true],
        ["seen in the log, it is the cache", false],
      ]),
      ticket(35437, ACME, BOB, "Invoice is wrong", [["The invoice of May is wrong", true]]),
      ticket(35438, ACME, ANN, "Export is slow", [["It takes an hour", true]]),
      ticket(35440, GLOBEX, EVE, "Globex merger", [
        ["Nobody may know of the merger yet", true],
        ["ask the other board first", false],
      ]),
      ticket(35441, GLOBEX, EVE, "Globex keys", [["Our merger keys are lost", true]]),
    ]),
    users: keyed([
      user(ANN, "Ann Ash", "ann@acme.example", "end-user", ACME),
      user(BOB, "Bob Birch", "bob@acme.example", "end-user", ACME),
      user(EVE, "Eve Fox", "eve@globex.example", "end-user", GLOBEX),
      user(AGENT, "Sam Staff", "sam@desk.example", "agent", null),
      user(9002, "Ada Admin", "admin@desk.example", "admin", ACME),
    ]),
    organizations: keyed([
      organization(ACME, "Acme", "acme.example"),
      organization(GLOBEX, "Globex", "globex.example"),
    ]),
  };
}

/** The tickets that an answer tells something of, however deep. */
export function ticketsIn(value: Json | undefined): readonly number[] {
  if (value === undefined || value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap((item) => ticketsIn(item));
  const object = value as JsonObject; // neither null nor a list, so an object
  const own = object["requester_id"] !== undefined && typeof object["id"] === "number" ? [object["id"]] : [];
  return [...own, ...Object.values(object).flatMap((member) => ticketsIn(member))];
}
