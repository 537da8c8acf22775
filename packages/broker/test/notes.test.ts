import { createReports, readInFlight } from "../src/feed/in-flight.ts";
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
  notes.note({ who: "third" }, refuse("policy_none", `${"x".repeat(199)}😀`), "dec_20");
  assert.deepEqual((await kept()).slice(3), [{ code: "policy_none", detail: `${"x".repeat(199)}\ufffd`, count: 1 }]);
  notes.note(whom, refuse("policy_none", "again"), "dec_21");
  notes.note(whom, refuse("policy_none", "again"), "dec_22");
  notes.note(whom, refuse("limit_reached", "other reason"), "dec_23");
  await notes.flush();
  assert.deepEqual((await kept()).slice(4), [
    { code: "policy_none", detail: "again", count: 1 },
    { code: "limit_reached", detail: "other reason", count: 1 },
    { code: "policy_none", detail: "again", count: 1 },
  ]);
  assert.deepEqual(readRecordLine(store.read.records(0, 1)[0] ?? "")?.ids, ["bot", "tsk_1"]);
  assert.deepEqual(faults, []);
});

test("[feed.in-flight] what points say of their calls is read strictly, taken once a point and end, and forgotten in the end", () => {
  const good = { id: "tsk_1", n: 3, operation: "jira-acme.issue.edit", state: "sent" } as const;
  assert.deepEqual(readInFlight([good]), [good]);
  for (const bad of [
    ...[{}, [good, null], [{ ...good, more: 1 }], [{ ...good, n: 0 }], [{ ...good, state: "done" }]],
    ...[[{ ...good, operation: "<b>" }], [{ ...good, id: "" }], Array.from({ length: 1_001 }, () => good)],
  ])
    assert.equal(readInFlight(JSON.parse(JSON.stringify(bad))), undefined, JSON.stringify(bad).slice(0, 80));
  const reports = createReports();
  const other = { ...good, operation: "jira-acme.issue.read", state: "aborted" } as const;
  reports.put("one", [good, good, { ...good, n: 4 }]);
  reports.put("two", [other]);
  // the acknowledgement and a challenge told the same
  reports.put("one", [good, good]);
  assert.deepEqual(reports.of("tsk_1", 3), [good, good, other]);
  assert.deepEqual(reports.of("tsk_1", 5), []);
  for (let n = 10; n < 1_100; n++) reports.put("one", [{ ...good, n }]);
  assert.deepEqual(reports.of("tsk_1", 3), []);
  assert.equal(reports.of("tsk_1", 1_099).length, 1);
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
