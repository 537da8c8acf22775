import { DatabaseSync } from "node:sqlite";

/** A ticket as the desk keeps it: its immutable id, its key, and its fields as JSON. */
export interface Ticket {
  readonly id: string;
  readonly key: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The desk's own database. */
export interface TicketStore {
  find(idOrKey: string): Ticket | undefined;
  all(): readonly Ticket[];
  write(id: string, fields: Readonly<Record<string, unknown>>): void;
  move(id: string, key: string): void;
  close(): void;
}

export function openTickets(file: string): TicketStore {
  const db = new DatabaseSync(file);
  db.exec(
    "pragma journal_mode = wal; create table if not exists ticket (id text primary key, key text not null unique, fields text not null) strict; create table if not exists old_key (key text primary key, id text not null) strict;",
  );
  const insert = db.prepare("insert into ticket values (?, ?, ?) on conflict do nothing");
  for (const ticket of SEED) insert.run(ticket.id, ticket.key, JSON.stringify(ticket.fields));
  const read = (row: Record<string, unknown> | undefined): Ticket | undefined =>
    row === undefined
      ? undefined
      : {
          id: String(row["id"]),
          key: String(row["key"]),
          fields: JSON.parse(String(row["fields"])) as Record<string, unknown>,
        };
  return {
    find(idOrKey) {
      // as Jira does: by id, by key in any case, and by keys that the ticket had before it was moved
      const direct = read(db.prepare("select * from ticket where id = ? or key = upper(?)").get(idOrKey, idOrKey));
      return (
        direct ??
        read(db.prepare("select t.* from ticket t join old_key o on o.id = t.id where o.key = upper(?)").get(idOrKey))
      );
    },
    all: () =>
      db
        .prepare("select * from ticket order by id")
        .all()
        .map((row) => read(row))
        .filter((ticket) => ticket !== undefined),
    write(id, fields) {
      db.prepare("update ticket set fields = ? where id = ?").run(JSON.stringify(fields), id);
    },
    move(id, key) {
      db.prepare(
        "insert into old_key select key, id from ticket where id = ? on conflict (key) do update set id = excluded.id",
      ).run(id);
      const project = PROJECTS.find((one) => key.startsWith(`${one.key}-`)) ?? PROJ;
      db.prepare("update ticket set key = ?, fields = json_set(fields, '$.project', json(?)) where id = ?").run(
        key,
        JSON.stringify({ ...project, name: project.key }),
        id,
      );
    },
    close: () => db.close(),
  };
}

const person = (accountId: string, displayName: string): Record<string, unknown> => ({
  accountId,
  displayName,
  emailAddress: `${accountId}@acme.example`,
  active: true,
});

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
  duedate: null,
  created: "2026-11-20T09:00:00.000+0000",
  updated: "2026-11-23T16:20:00.000+0000",
  issuetype: { id: "10004", name: "Bug" },
  project: { ...project, name: project.key },
  description: {
    type: "doc",
    version: 1,
    content: [
      {
        type: "paragraph",
        content: [{ type: "text", text: "Customer number 4711, card ending 0042." }],
      },
    ],
  },
  comment: { comments: [{ id: "1", body: "internal: do not tell the customer" }], total: 1 },
  ...more,
});

const PROJ = { id: "10010", key: "PROJ" };
const OPS = { id: "10020", key: "OPS" };

/** The desk's projects. A ticket's key begins with its project's. */
export const PROJECTS: readonly { readonly id: string; readonly key: string }[] = [PROJ, OPS];

const SEED: readonly Ticket[] = [
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
