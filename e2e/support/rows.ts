import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { World } from "../world.ts";

/** Everything that the broker holds, but its logs: who is who, what was granted, what was spent, what has ended. */
const TABLES = [
  ...["principal", "named", "task", "grant_", "tally", "retry", "once", "session", "start", "boot", "point"],
  ...["revocation", "suspended", "feed_batch", "reservation"],
];

function reading<T>(world: World, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(world.data, "broker", "broker.db"), { readOnly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** All rows that could change what somebody may do, as text, table by table. */
export const standing = (world: World): Readonly<Record<string, string>> =>
  reading(world, (db) =>
    Object.fromEntries(TABLES.map((table) => [table, JSON.stringify(db.prepare(`select * from ${table}`).all())])),
  );

/** The records that the broker's log holds, in order. */
export const recordsOf = (world: World): readonly { readonly kind: string; readonly ids: readonly string[] }[] =>
  reading(world, (db) =>
    db
      .prepare("select line from log order by n")
      .all()
      .map(({ line }) => JSON.parse(String(line)) as { kind: string; ids: readonly string[] }),
  );

export const recordKinds = (world: World): readonly string[] => recordsOf(world).map(({ kind }) => kind);
