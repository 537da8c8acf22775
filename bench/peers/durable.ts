import { hash } from "node:crypto";
import { fdatasync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { appendLeaf, EMPTY_FRONTIER, leafHash, utf8 } from "@remit/core";

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");
const LINE = "x".repeat(700);
const THING = "x".repeat(100);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.once("SIGTERM", () => process.exit(0));
  return folder;
}

/** What waits within one turn of the event loop is written together; whoever waits goes on when it is durable. */
function grouped(write: (count: number) => Promise<void> | void): () => Promise<void> {
  let waiting: (() => void)[] = [];
  let busy = false;
  const drain = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await write(group.length);
      for (const done of group) done();
    }
    busy = false;
  };
  return async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (waiting.push(resolve) === 1 && !busy) setImmediate(() => void drain());
    return promise;
  };
}

/** One record with its tree hashes and some rows under ids that come in order, in one durable commit a group. */
export function createDurableRows(each: number): () => Promise<void> {
  const db = new DatabaseSync(join(scratch(), "rows.db"));
  db.exec(
    `pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 10000;
     create table record (n integer primary key, line text not null) strict;
     create table thing (id text primary key, what text not null) strict;`,
  );
  const [begin, commit, record, thing] = [
    ...[db.prepare("begin immediate"), db.prepare("commit")],
    ...[db.prepare("insert into record (line) values (?)"), db.prepare("insert into thing values (?, ?)")],
  ] as const;
  let [frontier, last] = [EMPTY_FRONTIER, 0];
  return grouped((count) => {
    begin?.run();
    for (let at = 0; at < count; at++) {
      record?.run(LINE);
      frontier = appendLeaf(frontier, leafHash(utf8(LINE), sha256), sha256);
      for (let row = 0; row < each; row++) thing?.run(`tsk_${String((last += 1)).padStart(26, "0")}`, THING);
    }
    commit?.run();
  });
}

const synced = promisify(fdatasync);

/** One line with its tree hashes, appended to a file and on the disk, a group at a time. */
export function createDurableFile(): () => Promise<void> {
  const fd = openSync(join(scratch(), "log"), "a", 0o600);
  let frontier = EMPTY_FRONTIER;
  return grouped(async (count) => {
    for (let at = 0; at < count; at++) frontier = appendLeaf(frontier, leafHash(utf8(LINE), sha256), sha256);
    writeSync(fd, `${LINE}\n`.repeat(count));
    await synced(fd);
  });
}
