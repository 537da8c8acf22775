import { DatabaseSync } from "node:sqlite";
import { PARTS, PROJECTS, TICKETS } from "./seed.ts";

/** A ticket as the desk keeps it: its immutable id, its key, and its fields as JSON. */
export interface Ticket {
  readonly id: string;
  readonly key: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Something that belongs to a ticket and has an id of its own. */
export interface Part {
  readonly id: string;
  readonly ticket: string;
  readonly kind: "comment" | "worklog" | "attachment";
  readonly value: Readonly<Record<string, unknown>>;
  /** What is in a file. */
  readonly bytes?: Buffer;
}

/** The desk's own database. */
export interface TicketStore {
  find(idOrKey: string): Ticket | undefined;
  all(): readonly Ticket[];
  write(id: string, fields: Readonly<Record<string, unknown>>): void;
  move(id: string, key: string): void;
  /** The parts of one kind of a ticket, or of all tickets, oldest first. */
  parts(kind: Part["kind"], ticket?: string): readonly Part[];
  /** Keeps a new part under the next free id. */
  add(part: Omit<Part, "id">): Part;
  close(): void;
}

const TABLES = `
  pragma journal_mode = wal;
  create table if not exists ticket (id text primary key, key text not null unique, fields text not null) strict;
  create table if not exists old_key (key text primary key, id text not null) strict;
  create table if not exists part (
    id integer primary key, ticket text not null, kind text not null, value text not null, bytes blob
  ) strict;
`;

export function openTickets(file: string): TicketStore {
  const db = new DatabaseSync(file);
  db.exec(TABLES);
  const insert = db.prepare("insert into ticket values (?, ?, ?) on conflict do nothing");
  for (const ticket of TICKETS) insert.run(ticket.id, ticket.key, JSON.stringify(ticket.fields));
  const insertPart = db.prepare("insert into part values (?, ?, ?, ?, ?) on conflict do nothing");
  const keep = (id: number | null, part: Omit<Part, "id">): number =>
    Number(insertPart.run(id, part.ticket, part.kind, JSON.stringify(part.value), part.bytes ?? null).lastInsertRowid);
  for (const part of PARTS) keep(Number(part.id), part);
  return {
    find(idOrKey) {
      // as Jira does: by id, by key in any case, and by keys that the ticket had before it was moved
      const direct = ticketIn(db.prepare("select * from ticket where id = ? or key = upper(?)").get(idOrKey, idOrKey));
      return (
        direct ??
        ticketIn(
          db.prepare("select t.* from ticket t join old_key o on o.id = t.id where o.key = upper(?)").get(idOrKey),
        )
      );
    },
    all: () =>
      db
        .prepare("select * from ticket order by id")
        .all()
        .map((row) => ticketIn(row))
        .filter((ticket) => ticket !== undefined),
    write(id, fields) {
      db.prepare("update ticket set fields = ? where id = ?").run(JSON.stringify(fields), id);
    },
    move(id, key) {
      db.prepare(
        "insert into old_key select key, id from ticket where id = ? on conflict (key) do update set id = excluded.id",
      ).run(id);
      const project = PROJECTS.find((one) => key.startsWith(`${one.key}-`)) ?? PROJECTS[0];
      db.prepare("update ticket set key = ?, fields = json_set(fields, '$.project', json(?)) where id = ?").run(
        key,
        JSON.stringify({ ...project, name: project?.key }),
        id,
      );
    },
    parts: (kind, ticket) =>
      db
        .prepare("select * from part where kind = ? and (?2 is null or ticket = ?2) order by id")
        .all(kind, ticket ?? null)
        .map((row) => partIn(row, kind)),
    add: (part) => ({ ...part, id: String(keep(null, part)) }),
    close: () => db.close(),
  };
}

type Row = Readonly<Record<string, unknown>>;

const membersIn = (row: Row, column: string): Record<string, unknown> =>
  // our own column, which only we write
  JSON.parse(String(row[column])) as Record<string, unknown>;

const ticketIn = (row: Row | undefined): Ticket | undefined =>
  row === undefined ? undefined : { id: String(row["id"]), key: String(row["key"]), fields: membersIn(row, "fields") };

const partIn = (row: Row, kind: Part["kind"]): Part => ({
  ...{ id: String(row["id"]), ticket: String(row["ticket"]), kind, value: membersIn(row, "value") },
  ...(row["bytes"] instanceof Uint8Array ? { bytes: Buffer.from(row["bytes"]) } : {}),
});
