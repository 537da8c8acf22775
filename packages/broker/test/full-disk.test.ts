import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Answer, type Ask, commit, type Desk } from "../src/store/commit.ts";
import { createFeedWriter, createLogWriter } from "../src/store/ledger.ts";
import { openWriter } from "../src/store/open.ts";
import { createReserve } from "../src/store/reserve.ts";
import { sqlOf } from "../src/store/rows.ts";
import { feedKeyPem, folderFor } from "./support.ts";

const end = (id: number): Ask => ({
  ...{ id, verb: "end" },
  input: { id: `key:${id}`, how: "kill", by: "test", reason: undefined, suspend: true, decision: `dec_${id}` },
});
const record = (id: number): Ask => ({
  ...{ id, verb: "record" },
  input: { kind: "alarm", decision: `dec_${id}`, ids: [], body: { filler: "x".repeat(2_000) } },
});
const good = (answers: readonly Answer[]): readonly number[] =>
  answers.flatMap((answer) => ("value" in answer ? [answer.id] : [])).toSorted((one, other) => one - other);

test("[full-disk.revocation-goes-on] when SQLite says that it is full, the reserve is given up for ends, all else is refused, and nothing is half done", (t) => {
  const data = folderFor(t);
  const db = openWriter(data);
  t.after(() => db.close());
  const sql = sqlOf(db);
  const pages = (): number => Number(db.prepare("pragma page_count").get()?.["page_count"]);
  const limit = (most: number): void => db.exec(`pragma max_page_count = ${most}`);
  // the database may grow by a few pages and no more; giving up the reserve makes room, as it does on a disk
  const real = createReserve(join(data, "reserve"), 65_536);
  const reserve = { ...real, release: () => (real.release(), limit(pages() + 200)), refill: () => false };
  const lifetimes = { tokenMs: 1_000, leaseMs: 1_000, dormantMs: 0 };
  const feed = createFeedWriter(sql, { keyPem: feedKeyPem, kid: "feed", tokenMs: 1_000 });
  const desk: Desk = {
    db,
    sql,
    log: createLogWriter(sql),
    feed,
    lifetimes,
    reserve,
    clock: { lastMs: 0, forgetMs: 0 },
  };
  assert.deepEqual(good(commit(desk, [record(1), end(2)]).answers), [1, 2]);
  limit(pages() + 4);
  const group = [record(3), end(4), ...Array.from({ length: 60 }, (_, at) => record(at + 10)), end(5)];
  const { answers, batch } = commit(desk, group);
  assert.deepEqual(good(answers), [4, 5]);
  assert.equal(answers.length, group.length);
  assert.deepEqual(
    batch?.items.map(({ id }) => id),
    ["key:4", "key:5"],
  );
  assert.equal(existsSync(join(data, "reserve")), false);
  assert.deepEqual(good(commit(desk, [record(6), end(7)]).answers), [7], "and so it stays while the reserve is away");
  const lines = sql.all("select n, decision from log order by n").map(({ n, decision }) => `${n} ${decision}`);
  assert.deepEqual(lines, ["0 dec_1", "1 dec_2", "2 dec_4", "3 dec_5", "4 dec_7"]);
  assert.equal(sql.one("select size from log_head")?.["size"], 5);
});

test("[full-disk.reserve] the reserve takes real space, is given up, and comes back when the disk has it again", (t) => {
  const file = join(folderFor(t), "reserve");
  const reserve = createReserve(file, 3_000_000);
  assert.equal(reserve.held(), true);
  assert.ok(statSync(file).blocks * 512 >= 3_000_000);
  reserve.release();
  assert.equal(existsSync(file) || reserve.held(), false);
  const now = Date.now();
  assert.equal(reserve.refill(now), true);
  assert.equal(statSync(file).size, 3_000_000);
  assert.equal(createReserve(file, 3_000_000).held(), true);
  assert.equal(createReserve(join(file, "below-a-file"), 4_096).held(), false);
});

const CHILD = fileURLToPath(new URL("full-disk-child.ts", import.meta.url));
const mounts = process.platform === "linux" && spawnSync("unshare", ["-Urm", "true"]).status === 0;

test(
  "[full-disk.real] on a file system that is full, a store refuses to record, ends a task, and goes on when there is room",
  { skip: mounts ? false : "this machine lets nobody mount a small file system" },
  (t) => {
    const folder = folderFor(t);
    const script = 'mount -t tmpfs -o size=6m none "$1" && shift && exec "$@"';
    const run = [process.execPath, "--conditions=@remit/source", CHILD, folder];
    const { stdout, stderr } = spawnSync("unshare", ["-Urm", "sh", "-c", script, "sh", folder, ...run], {
      encoding: "utf8",
    });
    assert.deepEqual(stdout.trim().split("\n"), ["begun", "record refused", "ended", "recorded again"], stderr);
  },
);
