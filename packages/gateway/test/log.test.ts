import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { err, ok, verifyLog } from "@remit/core";
import { publicJwk, sha256, verifyEd25519 } from "@remit/sdk";
import { type Log, type NewRecord, openLog } from "../src/log/log.ts";
import { createRefusalLog } from "../src/log/refusals.ts";
import { shipLog } from "../src/log/shipper.ts";

const NOVEMBER = Date.UTC(2026, 10, 24);
const DECEMBER = Date.UTC(2026, 11, 1);
const key = generateKeyPairSync("ed25519").privateKey;
const publicKey = Buffer.from(publicJwk(key).x, "base64url");
const name = "remit-point/test";

const record = (at: number): NewRecord => ({ kind: "call.read", decision: `dec_${at}`, ids: [], body: { at } });

function logFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const opened = (folder: string, now = NOVEMBER): Log => openLog({ folder, name, key, publicKey, now: () => now });

const verified = (log: Log, size = log.size()): string => {
  const parts = { lines: log.lines(0, size), checkpoint: log.checkpoint(size), key: { name, key: publicKey } };
  const result = verifyLog(parts, { sha256, verify: verifyEd25519 });
  return result.ok ? "ok" : result.error.reason;
};

test("[gateway-log.whole] records appended at once are numbered, durable and under one signed head, at every size", async (t) => {
  const folder = logFolder(t);
  const log = opened(folder);
  await Promise.all(Array.from({ length: 700 }, async (_, at) => log.append(record(at))));
  assert.equal(log.size(), 700);
  assert.equal(readFileSync(join(folder, "2026-11.ndjson"), "utf8").split("\n").length, 701);
  for (const size of [700, 1, 0, 255, 256, 257, 513, 699]) assert.equal(verified(log, size), "ok", `${size}`);
  assert.deepEqual(log.lines(699, 10).length, 1);
  assert.deepEqual(log.lines(700, 10), []);
  await log.close();
  const again = opened(folder);
  await again.append(record(700));
  assert.equal(verified(again), "ok");
  await again.close();
});

test("[gateway-log.torn] what a crash left half written is cut off, and the log goes on behind what was whole", async (t) => {
  const folder = logFolder(t);
  const log = opened(folder);
  for (let at = 0; at < 3; at++) await log.append(record(at));
  await log.close();
  const file = join(folder, "2026-11.ndjson");
  const whole = readFileSync(file, "utf8");
  for (const torn of ["{", '{"at":1', whole.slice(0, 40)]) {
    writeFileSync(file, whole + torn);
    const again = opened(folder);
    assert.equal(again.size(), 3);
    assert.equal(readFileSync(file, "utf8"), whole);
    await again.close();
  }
});

test("[gateway-log.tampered] a log with a line removed, changed in form, or added does not open", async (t) => {
  const folder = logFolder(t);
  const log = opened(folder);
  for (let at = 0; at < 4; at++) await log.append(record(at));
  await log.close();
  const file = join(folder, "2026-11.ndjson");
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  const changed = [
    lines.toSpliced(1, 1),
    lines.toSpliced(1, 1, "{}"),
    lines.toSpliced(1, 0, lines[1] ?? ""),
    lines.toSpliced(1, 1, ` ${lines[1] ?? ""}`),
    lines.toReversed(),
  ];
  for (const some of changed) {
    writeFileSync(file, `${some.join("\n")}\n`);
    assert.throws(() => opened(folder), /was changed: record [0-9] is not where it belongs/);
  }
  writeFileSync(file, `${lines.join("\n").replace("dec_2", "dec_9")}\n`);
  const edited = opened(folder);
  writeFileSync(file, `${lines.join("\n")}\n`);
  assert.equal(verified(edited), "root_mismatch", "an edit inside a record shows against any head signed before");
  await edited.close();
});

test("[gateway-log.months] each month has its file, and time does not run backwards in it", async (t) => {
  const folder = logFolder(t);
  const clock = { now: NOVEMBER };
  const log = openLog({ folder, name, key, publicKey, now: () => clock.now });
  await log.append(record(0));
  clock.now = DECEMBER;
  await log.append(record(1));
  clock.now = NOVEMBER;
  await log.append(record(2));
  assert.deepEqual(readdirSync(folder), ["2026-11.ndjson", "2026-12.ndjson"]);
  assert.equal(verified(log), "ok");
  await log.close();
  const again = opened(folder, DECEMBER);
  assert.equal(again.size(), 3);
  const times = again.lines(0, 3).map((line) => (JSON.parse(line) as { readonly at: number }).at);
  assert.deepEqual(times, [NOVEMBER, DECEMBER, DECEMBER]);
  await again.close();
});

test("[gateway-log.full-disk] a disk that takes half a record takes none: the append fails and the log stays whole", (t) => {
  const folder = logFolder(t);
  const script = `
    const { generateKeyPairSync } = await import("node:crypto");
    const { openLog } = await import(${JSON.stringify(new URL("../src/log/log.ts", import.meta.url).href)});
    const key = generateKeyPairSync("ed25519").privateKey;
    const log = openLog({ folder: ${JSON.stringify(folder)}, name: "x", key, publicKey: new Uint8Array(32), now: () => ${NOVEMBER} });
    const done = [];
    for (let at = 0; at < 60; at++)
      await log.append({ kind: "call.read", decision: "dec_" + at, ids: [], body: { text: "x".repeat(100) } }).then(() => done.push(at), () => undefined);
    console.log(JSON.stringify({ kept: done.length, size: log.size() }));`;
  // the shell's limit on file size stands for the end of the disk: a write is taken up to it, the next one fails
  const ran = spawnSync(
    "sh",
    ["-c", 'ulimit -f 8; exec "$0" "$@"', process.execPath, ...process.execArgv, "--input-type=module", "-e", script],
    { encoding: "utf8" },
  );
  assert.equal(ran.status, 0, ran.stderr);
  const { kept, size } = JSON.parse(ran.stdout) as { readonly kept: number; readonly size: number };
  assert.ok(kept > 5 && kept < 60, `${kept} kept`);
  assert.equal(size, kept);
  const text = readFileSync(join(folder, "2026-11.ndjson"), "utf8");
  assert.equal(text.split("\n").length - 1, kept);
  assert.ok(text.endsWith("\n"));
  assert.equal(opened(folder).size(), kept);
});

test("[gateway-log.shipped] new lines are shipped from where the broker is, and a broker behind or ahead is told, not followed blindly", async (t) => {
  const log = opened(logFolder(t));
  for (let at = 0; at < 5; at++) await log.append(record(at));
  const stop = new AbortController();
  const asked: number[] = [];
  const faults: string[] = [];
  const held = { size: 2, lost: false };
  const done = Promise.withResolvers<void>();
  const channel = {
    async ship({
      from,
      lines,
      checkpoint,
    }: {
      readonly from: number;
      readonly lines: readonly string[];
      readonly checkpoint: string;
    }) {
      await Promise.resolve();
      asked.push(from);
      assert.match(checkpoint, new RegExp(`^${name}\n${from + lines.length}\n`));
      if (held.lost) {
        held.lost = false;
        done.resolve();
        return ok({ size: 99 });
      }
      if (from !== held.size) return err({ size: held.size });
      held.size += lines.length;
      if (held.size === 5) {
        held.lost = true;
        void log.append(record(5));
      }
      return ok({ size: held.size });
    },
  };
  const shipping = shipLog(log, channel, stop.signal, (fault) => faults.push(String(fault)));
  await done.promise;
  stop.abort();
  await shipping;
  assert.deepEqual(asked, [0, 2, 5]);
  assert.deepEqual(faults, ["Error: the broker holds 99 records of this log, which has 6"]);
  await log.close();
});

test("[gateway-log.refusals-each-minute] there is one record a minute for a grant and reason, the last of a burst are told though no other comes, and each grant and reason has its own", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const log = opened(logFolder(t));
  const clock = { now: NOVEMBER };
  const refusals = createRefusalLog(
    log,
    () => clock.now,
    (fault) => assert.fail(String(fault)),
  );
  const note = (grant: string, code: "body_refused" | "limit", alias: string): void =>
    refusals.note({ ids: [], grant, decision: `dec_${alias}`, refusal: { code, detail: "", alias } });
  const pass = (ms: number): void => {
    clock.now += ms;
    t.mock.timers.tick(ms);
  };
  for (const alias of ["1", "2", "3"]) note("grn_a", "body_refused", alias);
  note("grn_a", "limit", "4");
  note("grn_b", "body_refused", "5");
  // without another refusal the rest of the minute is told when it is over
  pass(60_000);
  // and those of the next minute in the next record, a minute later
  pass(1_000);
  note("grn_a", "body_refused", "6");
  pass(58_000);
  note("grn_a", "body_refused", "7");
  pass(61_000);
  await log.close();
  const told = log.lines(0, 99).map((line) => {
    const { decision, body } = JSON.parse(line) as { decision: string; body: { code: string; count: number } };
    return [decision, body.code, body.count];
  });
  assert.deepEqual(told, [
    ["dec_1", "body_refused", 1],
    ["dec_4", "limit", 1],
    ["dec_5", "body_refused", 1],
    ["dec_3", "body_refused", 2],
    ["dec_7", "body_refused", 2],
  ]);
});

test("[gateway-log.refusals-bounded] a caller's own words are shortened in the record of a refusal, and repeats are counted", async (t) => {
  const log = opened(logFolder(t));
  const clock = { now: NOVEMBER };
  const refusals = createRefusalLog(
    log,
    () => clock.now,
    (fault) => assert.fail(String(fault)),
  );
  const about = {
    ...{ ids: [], grant: "grn_a", decision: "dec_a" },
    refusal: { code: "body_refused", detail: "x".repeat(5_000) } as const,
  };
  for (let turn = 0; turn < 7; turn++) refusals.note(about);
  clock.now += 60_000;
  refusals.note(about);
  await refusals.flush();
  await log.close();
  const bodies = log
    .lines(0, 9)
    .map((line) => (JSON.parse(line) as { readonly body: { readonly count: number; readonly detail: string } }).body);
  assert.deepEqual(
    bodies.map(({ count }) => count),
    [1, 6, 1],
  );
  assert.ok(bodies.every(({ detail }) => detail.length <= 200));
});
