import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeId, Secret } from "@remit/core";
import type { Connection, NewConnection } from "./connection.ts";
import { open, seal, type SealKey, type SealPlace } from "./seal.ts";

/** The gateway's own sealed store: connections with their credentials, and its keys. */
export interface Vault {
  /**
   * Keeps a connection, durable before the one that it replaces is gone. Only another credential keeps the id: records
   * at another origin, under another connector or account, are not those that grants of the old one were made for.
   */
  keep(connection: NewConnection): Connection;
  remove(id: string): boolean;
  connections(): readonly Connection[];
  credential(id: string): Secret<string> | undefined;
  /** Grows with every secret that a connection had. */
  version(id: string): number | undefined;
  /**
   * Puts a secret in the place of the one that has this version, durable before the old one is gone, and says its version;
   * undefined: the connection has another secret meanwhile, which stays.
   */
  rotate(id: string, version: number, secret: Secret<string>): number | undefined;
  /** Key material by name, made once. */
  key(name: string, make: () => Uint8Array): Secret<Uint8Array>;
  /** A plain value that was fixed once. */
  fixed(name: string, make: () => string): string;
  /** Replaces a plain value. */
  set(name: string, value: string): void;
  close(): void;
}

const SCHEMA = `
create table if not exists connection (id text primary key, resource text not null unique, facts text not null, version integer not null, secret blob not null) strict;
create table if not exists key (name text primary key, sealed blob not null) strict;
create table if not exists fixed (name text primary key, value text not null) strict;
`;

const place = (table: string, id: string, version: number): SealPlace => ({
  tenant: "local",
  table,
  id,
  column: "secret",
  version,
});

/** Opens the vault of a data folder. */
export function openVault(data: string, sealKey: SealKey): Vault {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, "gateway.db");
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 });
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { defensive: true });
  db.exec(
    "pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on; pragma busy_timeout = 2000;",
  );
  db.exec(SCHEMA);
  const row = (sql: string, ...values: string[]): Readonly<Record<string, unknown>> | undefined =>
    db.prepare(sql).get(...values);
  return {
    keep: (connection) => keep(db, connection, sealKey),
    remove: (id) => Number(db.prepare("delete from connection where id = ?").run(id).changes) === 1,
    // facts is what keep wrote
    connections: () =>
      db
        .prepare("select facts from connection order by id")
        .all()
        .map((found) => JSON.parse(String(found["facts"])) as Connection),
    credential(id) {
      const found = row("select version, secret from connection where id = ?", id);
      if (found === undefined || !(found["secret"] instanceof Uint8Array)) return undefined;
      const bytes = open(found["secret"], place("connection", id, Number(found["version"])), sealKey);
      return new Secret(Buffer.from(bytes.reveal()).toString("utf8"));
    },
    version(id) {
      const found = row("select version from connection where id = ?", id);
      return found === undefined ? undefined : Number(found["version"]);
    },
    rotate(id, version, secret) {
      const sealed = seal(Buffer.from(secret.reveal()), place("connection", id, version + 1), sealKey);
      const { changes } = db
        .prepare("update connection set version = ?, secret = ? where id = ? and version = ?")
        .run(version + 1, sealed, id, version);
      return Number(changes) === 1 ? version + 1 : undefined;
    },
    key(name, make) {
      const found = row("select sealed from key where name = ?", name);
      if (found !== undefined && found["sealed"] instanceof Uint8Array)
        return open(found["sealed"], place("key", name, 1), sealKey);
      const value = make();
      db.prepare("insert into key values (?, ?)").run(name, seal(value, place("key", name, 1), sealKey));
      return new Secret(value);
    },
    fixed(name, make) {
      const found = row("select value from fixed where name = ?", name);
      if (found !== undefined) return String(found["value"]);
      const value = make();
      db.prepare("insert into fixed values (?, ?)").run(name, value);
      return value;
    },
    set: (name, value) =>
      void db
        .prepare("insert into fixed values (?, ?) on conflict (name) do update set value = excluded.value")
        .run(name, value),
    close: () => db.close(),
  };
}

function keep(db: DatabaseSync, { secret, ...facts }: NewConnection, sealKey: SealKey): Connection {
  const before = db.prepare("select id, version, facts from connection where resource = ?").get(facts.resource);
  // facts is what keep wrote
  const same = before !== undefined && isSame(JSON.parse(String(before["facts"])) as Connection, facts);
  const id = same ? String(before["id"]) : makeId("cnx", Date.now(), randomBytes(10));
  const version = before === undefined ? 1 : Number(before["version"]) + 1;
  const connection: Connection = { id, ...facts };
  const sealed = seal(Buffer.from(secret.reveal()), place("connection", id, version), sealKey);
  db.prepare(
    "insert into connection values (?, ?, ?, ?, ?) on conflict (resource) do update set id = excluded.id, facts = excluded.facts, version = excluded.version, secret = excluded.secret",
  ).run(id, facts.resource, JSON.stringify(connection), version, sealed);
  return connection;
}

const isSame = (one: Connection, other: Omit<Connection, "id">): boolean =>
  one.origin === other.origin &&
  one.connector === other.connector &&
  one.as === other.as &&
  one.account === other.account &&
  one.insecureLoopback === other.insecureLoopback;
