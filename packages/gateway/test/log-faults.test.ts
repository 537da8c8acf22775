import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type JsonObject, readRecordLine } from "@remit/core";
import { publicJwk } from "@remit/sdk";
import { type Log, type NewRecord, openLog } from "../src/log/log.ts";
import { createRefusalLog } from "../src/log/refusals.ts";
import { shipLog } from "../src/log/shipper.ts";
import { gatewayWorld, ISSUE } from "./support/gateway-world.ts";

const NOVEMBER = Date.UTC(2026, 10, 24);
const DECEMBER = Date.UTC(2026, 11, 1);
const key = generateKeyPairSync("ed25519").privateKey;
const publicKey = Buffer.from(publicJwk(key).x, "base64url");

function logFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-log-faults-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const opened = (folder: string, now: () => number = () => NOVEMBER): Log =>
  openLog({ folder, name: "remit-point/test", key, publicKey, now });

const record = (body: JsonObject): NewRecord => ({ kind: "call.read", decision: "dec_1", ids: [], body });

const nested = (depth: number): JsonObject => (depth === 0 ? {} : { in: nested(depth - 1) });

const outcomes = async (log: Log, bodies: readonly JsonObject[]): Promise<readonly string[]> => {
  const settled = await Promise.allSettled(bodies.map(async (body) => log.append(record(body))));
  return settled.map((one) => (one.status === "fulfilled" ? "kept" : String(one.reason)));
};

test("[gateway-log.one-by-one] a record that has no line, or one that nobody would read again, fails by itself", async (t) => {
  const folder = logFolder(t);
  const log = opened(folder);
  // the first is written alone, and all others wait for it and are one group
  const bad = [{ text: "\ud83d" }, { ...nested(40), more: "x".repeat(3_000) }, { text: "x".repeat(70_000) }];
  const told = await outcomes(log, [{ first: 1 }, { before: 1 }, ...bad, { after: 1 }]);
  assert.deepEqual(told, [
    ...["kept", "kept", "RangeError: an ill-formed string has no JSON text"],
    ...Array.from({ length: 2 }, () => "TypeError: a record is longer or deeper than who verifies it would read"),
    "kept",
  ]);
  assert.equal(log.size(), 3);
  await log.close();
  const again = opened(folder);
  assert.equal(again.size(), 3);
  await again.close();
});

test("[gateway-log.words-whole] a caller's words that are cut within a character are recorded, and take no other record with them", async (t) => {
  const log = opened(logFolder(t));
  const faults: unknown[] = [];
  const refusals = createRefusalLog(
    log,
    () => NOVEMBER,
    (fault) => faults.push(fault),
  );
  const refusal = { code: "body_refused", detail: `${"x".repeat(199)}😀` } as const;
  refusals.note({ ids: [], grant: "grn_a", decision: "dec_a", refusal });
  await refusals.flush();
  await log.close();
  assert.deepEqual(faults, []);
  assert.deepEqual(
    log.lines(0, 9).map((line) => readRecordLine(line)?.body["detail"]),
    [`${"x".repeat(199)}\ufffd`],
  );
});

test("[gateway-log.words-whole] a call beside a refusal with such words is served, and both are recorded", async (t) => {
  const world = await gatewayWorld(t);
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  const before = world.records().length;
  // "`/" and the name are the first 199 code units of the detail, and the character is cut in two
  const hostile = JSON.stringify({ fields: { priority: { name: "High" } }, [`${"x".repeat(197)}😀`]: 1 });
  const answers = await Promise.all(
    Array.from({ length: 8 }, async (_, at) =>
      at % 2 === 0 ? world.call("PUT", ISSUE, { body: hostile }) : world.call("GET", ISSUE),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [400, 200, 400, 200, 400, 200, 400, 200],
  );
  const kinds = world
    .records()
    .slice(before)
    .map(({ kind }) => kind);
  assert.ok(kinds.includes("call.refused"), kinds.join(" "));
});

test("[gateway-log.next-month] a month whose file cannot be opened takes nothing, and once it can the log goes on", async (t) => {
  const folder = logFolder(t);
  const clock = { now: NOVEMBER };
  const log = opened(folder, () => clock.now);
  await log.append(record({ at: 1 }));
  clock.now = DECEMBER;
  const file = join(folder, "2026-12.ndjson");
  mkdirSync(file);
  for (let turn = 0; turn < 2; turn++)
    await assert.rejects(log.append(record({ at: 2 })), { code: "EISDIR" }, `turn ${turn}`);
  rmdirSync(file);
  await log.append(record({ at: 3 }));
  assert.equal(log.size(), 2);
  await log.close();
});

test("[gateway-log.stops-at-once] counts that cannot be written any more are told, and keep nobody from stopping", async (t) => {
  const folder = logFolder(t);
  const clock = { now: NOVEMBER };
  const log = opened(folder, () => clock.now);
  const faults: string[] = [];
  const refusals = createRefusalLog(
    log,
    () => NOVEMBER,
    (fault) => faults.push(String(fault)),
  );
  const about = { ids: [], grant: "grn_a", decision: "dec_a", refusal: { code: "limit", detail: "" } } as const;
  refusals.note(about);
  refusals.note(about);
  await log.append(record({ at: 1 }));
  clock.now = DECEMBER;
  mkdirSync(join(folder, "2026-12.ndjson"));
  await refusals.flush();
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? "", /EISDIR/);
  await log.close();
});

test("[gateway-log.stops-at-once] a shipper that is told to stop while it talks to the broker stops at once", async (t) => {
  const log = opened(logFolder(t));
  await log.append(record({ at: 1 }));
  const stop = new AbortController();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const channel = {
    ship: async () => {
      await Promise.resolve();
      stop.abort();
      throw new Error("broken off");
    },
  };
  const faults: string[] = [];
  const seen = { over: false };
  const shipping = shipLog(log, channel, stop.signal, (fault) => faults.push(String(fault))).then(
    () => (seen.over = true),
  );
  // turns of the event loop go by here, and no time
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  const { over } = seen;
  t.mock.timers.tick(60_000);
  await shipping;
  assert.ok(over, "it waited");
  assert.deepEqual(faults, ["Error: broken off"]);
  await log.close();
});
