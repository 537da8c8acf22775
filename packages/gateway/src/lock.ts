import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A lock on a data folder that ends with this process, however it ends. */
export interface FolderLock {
  release(): void;
}

/** Takes the folder for this process; undefined if another process has it: two would cut each other's log. */
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
