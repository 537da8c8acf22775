import assert from "node:assert/strict";
import { test } from "node:test";
import { readRecordLine, refuse } from "@remit/core";
import { createSeen } from "../src/feed/seen.ts";
import { createRefusalNotes } from "../src/refusal-notes.ts";
import { openStore } from "./support.ts";

test("[refusals.counted] refusals of one caller for one reason are one record a minute and one with the count of the rest", async (t) => {
  const store = await openStore(t);
  const clock = { ms: 1_000_000 };
  const faults: unknown[] = [];
  const notes = createRefusalNotes(
    store,
    () => clock.ms,
    (error) => faults.push(error),
  );
  const kept = async (): Promise<readonly unknown[]> => {
    await store.settled();
    return store.read.records(0, 100).map((line) => ({ ...readRecordLine(line)?.body }));
  };
  const whom = { who: "bot", about: ["tsk_1"] };
  for (let at = 0; at < 20; at++) notes.note(whom, refuse("policy_none", `try ${at}\nwith a line`), `dec_${at}`);
  assert.deepEqual(await kept(), [{ code: "policy_none", detail: "try 0\nwith a line", count: 1 }]);
  clock.ms += 60_000;
  notes.note({ who: "other" }, refuse("policy_none", "x".repeat(999)), "dec_20");
  assert.deepEqual((await kept()).slice(1), [
    { code: "policy_none", detail: "try 19\nwith a line", count: 19 },
    { code: "policy_none", detail: "x".repeat(200), count: 1 },
  ]);
  notes.note(whom, refuse("policy_none", "again"), "dec_21");
  notes.note(whom, refuse("policy_none", "again"), "dec_22");
  notes.note(whom, refuse("limit_reached", "other reason"), "dec_23");
  await notes.flush();
  assert.deepEqual((await kept()).slice(3), [
    { code: "policy_none", detail: "again", count: 1 },
    { code: "limit_reached", detail: "other reason", count: 1 },
    { code: "policy_none", detail: "again", count: 1 },
  ]);
  assert.deepEqual(readRecordLine(store.read.records(0, 1)[0] ?? "")?.ids, ["bot", "tsk_1"]);
  assert.deepEqual(faults, []);
});

test("[feed.seen] an end waits for every point whose stream is open, also one that never told its place, and not for one that left", async () => {
  const seen = createSeen(() => 7);
  const leave = seen.attend("old", 3);
  const silent = seen.attend("silent", 0);
  seen.note("stranger", 99);
  seen.note("old", 5);
  const late = await seen.when(5, 1);
  assert.deepEqual(late, [
    { id: "old", seenAt: 7 },
    { id: "silent", seenAt: null },
  ]);
  const waiting = seen.when(5, 60_000);
  silent();
  assert.deepEqual(await waiting, [{ id: "old", seenAt: 7 }]);
  const again = seen.attend("old", 4);
  leave();
  assert.deepEqual(await seen.when(5, 1), [{ id: "old", seenAt: 7 }], "the newer stream still counts, at its place");
  again();
  assert.deepEqual(await seen.when(5, 60_000), []);
});
