import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SCHEMA, UPGRADES } from "./schema.ts";

/** The database file of a data folder. */
export const databaseFile = (data: string): string => join(data, "broker.db");

/** Opens the database for writing: every commit is on the disk before it is answered. */
export function openWriter(data: string): DatabaseSync {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = databaseFile(data);
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 });
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: true, defensive: true });
  db.exec(
    "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 10000; pragma secure_delete = on; pragma temp_store = memory; pragma busy_timeout = 2000;",
  );
  upgrade(db);
  return db;
}

/** Makes the tables, or brings those of an older version to this one. A newer version's are left alone. */
function upgrade(db: DatabaseSync): void {
  const had = Number(db.prepare("pragma user_version").get()?.["user_version"] ?? 0);
  if (had > UPGRADES.length)
    throw new Error("the data folder was written by a newer version of Remit; start that version, or restore a copy");
  const isNew = db.prepare("select 1 from sqlite_master where name = 'log'").get() === undefined;
  db.exec("begin immediate");
  for (const step of isNew ? [] : UPGRADES.slice(had)) db.exec(step);
  db.exec(SCHEMA);
  // where nothing is new nothing is written, so nothing waits for the disk
  if (had !== UPGRADES.length) db.exec(`pragma user_version = ${UPGRADES.length}`);
  db.exec("commit");
}

/** Opens the database for reading; sees every write that was committed before the read began. */
export function openReader(data: string): DatabaseSync {
  const db = new DatabaseSync(databaseFile(data), { readOnly: true });
  db.exec("pragma busy_timeout = 2000; pragma query_only = on;");
  return db;
}

/** A lock on a data folder that ends with this process, however it ends. */
export interface FolderLock {
  release(): void;
}

/** Takes the folder for this process; undefined if another process has it. */
export function lockFolder(data: string): FolderLock | undefined {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(data, "lock"));
  try {
    // a lock that the operating system drops when the process is gone
    db.exec("pragma busy_timeout = 0; begin exclusive;");
    return { release: () => db.close() };
  } catch (error) {
    db.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
    throw error;
  }
}
