import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { makeId, type Refusal, type Result } from "@remit/core";
import { openWriter } from "../src/store/open.ts";
import { StoreFault } from "../src/store/sqlite.ts";
import type { NewTask } from "../src/store/store.ts";
import { configOf, folderFor, openStore, people } from "./support.ts";

const codeOf = (result: Result<unknown, Refusal>): string => (result.ok ? "ok" : result.error.code);
const count = (codes: readonly string[], code: string): number => codes.filter((one) => one === code).length;
const jti = (): string => makeId("tok", Date.now(), crypto.getRandomValues(new Uint8Array(10)));
const ending = { how: "revoke", by: "test", reason: undefined, suspend: false, decision: "dec_1" } as const;

test("[store.spend-once] what may be used once begins one task, however many ask at once, and again after a restart", async (t) => {
  const data = folderFor(t);
  const { store, task } = await people(await openStore(t, { data }));
  const once = [{ key: "subject:1", expiresMs: Date.now() + 60_000, times: 1 }];
  const results = await Promise.all(Array.from({ length: 40 }, async () => store.beginTask(task({ once }))));
  assert.equal(count(results.map(codeOf), "ok"), 1);
  assert.equal(count(results.map(codeOf), "subject_token_used"), 39);
  await store.close();
  const again = await people(await openStore(t, { data }));
  assert.equal(codeOf(await again.store.beginTask(again.task({ once }))), "subject_token_used");
});

test("[store.refusal-leaves-nothing] a request that is refused half-way has spent nothing, and those beside it are done", async (t) => {
  const { store, task } = await people(await openStore(t));
  const proof = (key: string): NewTask["once"][number] => ({ key, expiresMs: Date.now() + 60_000, times: 1 });
  const [assertion, used] = [proof("assertion:1"), proof("subject:used")];
  assert.equal(codeOf(await store.beginTask(task({ once: [used] }))), "ok");
  const group = [
    task({ once: [proof("subject:2")] }),
    task({ once: [assertion, used] }),
    task({ once: [proof("subject:3")] }),
  ];
  const results = await Promise.all(group.map(async (one) => store.beginTask(one)));
  assert.deepEqual(results.map(codeOf), ["ok", "subject_token_used", "ok"]);
  assert.equal(
    codeOf(await store.beginTask(task({ once: [assertion] }))),
    "ok",
    "what was spent on the way is not spent",
  );
});

test("[store.end-known] an end says whether anything of that id is known, and revokes it in any case", async (t) => {
  const { store, task, subject } = await people(await openStore(t));
  const begun = await store.beginTask(task());
  assert.ok(begun.ok);
  const { agent, client, policy } = task();
  const { point } = await store.enrolPoint({ name: "gw", key: "1", serves: "connected", may: [], by: "configuration" });
  const known = async (id: string): Promise<boolean | undefined> => {
    const ended = await store.end({ ...ending, id });
    return ended.ok ? ended.value.known : undefined;
  };
  for (const id of [begun.value.task, subject, agent, client, policy, point]) assert.equal(await known(id), true, id);
  const misspelt = [subject, agent, client, policy, point].map(
    (id) => `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`,
  );
  for (const id of [...misspelt, "cnx_00000000000000000000000000"]) {
    assert.equal(await known(id), false, id);
    assert.deepEqual(store.read.dead([id], 1), [id]);
  }
});

test("[store.limits] limits hold among requests that come at once", async (t) => {
  const { store, task } = await people(await openStore(t));
  for (const [limits, code] of [
    [{ tasksLive: 3 }, "limit_reached"],
    [{ tasksPerHour: 6 }, "limit_reached"],
    [{ recordsPerHour: 9 }, "limit_reached"],
  ] as const) {
    const results = await Promise.all(Array.from({ length: 20 }, async () => store.beginTask(task({ limits }))));
    assert.equal(count(results.map(codeOf), "ok"), 3, JSON.stringify(limits));
    assert.equal(count(results.map(codeOf), code), 17);
  }
});

test("[store.dormant-not-live] a task whose lease can no longer be woken does not count as live", async (t) => {
  const { store, task } = await people(await openStore(t, { lifetimes: { leaseMs: 0, dormantMs: 0 } }));
  for (let begun = 0; begun < 4; begun++)
    assert.equal(codeOf(await store.beginTask(task({ limits: { tasksLive: 1 } }))), "ok");
  const other = await people(await openStore(t, { lifetimes: { leaseMs: 0 } }));
  const limits = { tasksLive: 1 };
  assert.equal(codeOf(await other.store.beginTask(other.task({ limits }))), "ok");
  assert.equal(codeOf(await other.store.beginTask(other.task({ limits }))), "limit_reached");
});

test("[store.retry] the same request within a minute gets the same task; with a lapsed lease or another key it gets none", async (t) => {
  const { store, task } = await people(await openStore(t));
  const retry = { key: "retry", digest: "1", untilMs: Date.now() + 60_000 };
  const first = await store.beginTask(task({ retry }));
  const second = await store.beginTask(task({ retry }));
  assert.equal(first.ok && second.ok && second.value.again && second.value.task === first.value.task, true);
  assert.notEqual(first.ok && first.value.jti, second.ok && second.value.jti);
  assert.equal(codeOf(await store.beginTask(task({ retry, jkt: "thief" }))), "grant_unknown");
  const lapsed = await people(await openStore(t, { lifetimes: { leaseMs: 0 } }));
  assert.equal(codeOf(await lapsed.store.beginTask(lapsed.task({ retry }))), "ok");
  assert.equal(codeOf(await lapsed.store.beginTask(lapsed.task({ retry }))), "lease_lapsed");
});

test("[store.uses-once] uses are spent once among many that ask at once, and only for what lives", async (t) => {
  const { store, task, subject } = await people(await openStore(t));
  const begun = await store.beginTask(task({ uses: 5 }));
  assert.ok(begun.ok);
  const spend = { grant: begun.value.grant, jti: begun.value.jti, count: 1, point: "pnt_1" };
  const results = await Promise.all(Array.from({ length: 12 }, async () => store.reserveUses(spend)));
  assert.equal(count(results.map(codeOf), "ok"), 5);
  assert.equal(count(results.map(codeOf), "limit"), 7);
  const [held] = results.flatMap((result) => (result.ok ? [result.value.reservation] : []));
  const back = { reservation: held ?? "", unused: 1, point: "pnt_1" };
  assert.equal(codeOf(await store.returnUses({ ...back, point: "pnt_2" })), "not_permitted");
  assert.equal(codeOf(await store.returnUses({ ...back, unused: 2 })), "not_permitted");
  const returned = await Promise.all(Array.from({ length: 4 }, async () => store.returnUses(back)));
  assert.equal(count(returned.map(codeOf), "ok"), 1);
  assert.equal(codeOf(await store.reserveUses({ ...spend, jti: "tok_x" })), "malformed_request");
  await store.end({ ...ending, id: spend.jti });
  assert.equal(codeOf(await store.reserveUses(spend)), "task_ended", "the token is revoked");
  assert.equal(codeOf(await store.reserveUses({ ...spend, jti: jti() })), "ok");
  await store.end({ ...ending, id: subject });
  assert.equal(codeOf(await store.reserveUses({ ...spend, jti: jti() })), "subject_suspended");
  const lapsed = await people(await openStore(t, { lifetimes: { leaseMs: 0 } }));
  const dormant = await lapsed.store.beginTask(lapsed.task({ uses: 5 }));
  assert.ok(dormant.ok);
  const late = { grant: dormant.value.grant, jti: dormant.value.jti, count: 1, point: "pnt_1" };
  assert.equal(codeOf(await lapsed.store.reserveUses(late)), "task_ended");
});

test("[store.unresolved-counted] names that did not resolve count like records that were granted", async (t) => {
  const { store, task, subject } = await people(await openStore(t));
  const { policy, agent } = task();
  await store.noteUnresolved({ policy, agent, subject, count: 4 });
  assert.equal(store.read.recordsWithinHour({ policy, agent, subject }, Date.now()), 4);
  assert.equal(codeOf(await store.beginTask(task({ limits: { recordsPerHour: 5 } }))), "ok");
  assert.equal(codeOf(await store.beginTask(task({ limits: { recordsPerHour: 5 } }))), "limit_reached");
});

test("[store.name-again] a name that was removed and comes back is another thing, and what the first one had is over", async (t) => {
  const { store, task } = await people(await openStore(t));
  const begun = await store.beginTask(task());
  assert.ok(begun.ok);
  const before = store.read.name("pol", "one");
  const clients = [
    { kind: "cli", name: "bot", digest: "1" },
    { kind: "agt", name: "bot", digest: "1" },
  ] as const;
  await store.applyConfig(configOf(...clients));
  assert.equal(store.read.name("pol", "one"), undefined);
  await store.applyConfig(configOf(...clients, { kind: "pol", name: "one", digest: "1" }));
  const after = store.read.name("pol", "one") ?? "";
  assert.notEqual(after, before);
  const renewal = { grant: begun.value.grant, jkt: "key", decision: "dec_2", alsoLive: [], wake: true };
  assert.equal(codeOf(await store.renew(renewal)), "policy_none");
  const fresh = task();
  const live = [...fresh.live.filter((id) => id !== before), after];
  assert.equal(codeOf(await store.beginTask({ ...fresh, policy: after, live })), "ok");
});

test("[store.closed] a verb that is asked after the writer is gone is refused at once", async (t) => {
  const { store, task } = await people(await openStore(t));
  await store.close();
  await assert.rejects(store.beginTask(task()), StoreFault);
  await assert.rejects(store.record({ kind: "alarm", decision: "dec_1", ids: [], body: {} }), StoreFault);
});

test("[store.upgrade] a folder of an older version is brought up to date, and one of a newer version is left alone", async (t) => {
  const data = folderFor(t);
  openWriter(data).close();
  const db = new DatabaseSync(join(data, "broker.db"));
  db.exec(
    `alter table session drop column created_ms; alter table point drop column enrolled_ms; drop table tally; pragma user_version = 0;
     create table granted_record (policy text not null, agent text not null, subject text not null, created_ms integer not null, record text not null) strict`,
  );
  const before = { policy: "pol_1", agent: "agt_1", subject: "usr_1" };
  db.prepare(
    "insert into granted_record values ('pol_1', 'agt_1', 'usr_1', ?, '7'), ('pol_1', 'agt_1', 'usr_1', 1, '8')",
  ).run(Date.now());
  db.exec(
    "insert into task (id, subject, agent, client, policy, created_ms, ends_ms) values ('tsk_1', 'usr_1', 'agt_1', 'cli_1', 'pol_1', 1, 2)",
  );
  db.exec("insert into principal values ('usr_1', 'usr', 'i', 's')");
  db.exec("insert into session values ('hash', 'usr_1', 'key', 'login', '{}', 9e15, null)");
  db.close();
  const { store } = await people(await openStore(t, { data }));
  assert.equal(store.read.session("hash")?.createdMs, 0);
  assert.equal(store.read.recordsWithinHour(before, Date.now()), 1);
  await store.end({ ...ending, id: "tsk_1" });
  await store.close();
  const newer = new DatabaseSync(join(data, "broker.db"));
  newer.exec("pragma user_version = 1000");
  newer.close();
  assert.throws(() => openWriter(data), /newer version/);
});

test("[points.revoked] a revoked point is dead until it is enrolled by another key or another handle; a suspended one stays dead", async (t) => {
  const { store } = await people(await openStore(t));
  const point = { name: "gw", key: "1", serves: "connected", may: [], by: "configuration" } as const;
  const live = (): boolean | undefined => store.read.points()[0]?.live;
  const { point: id } = await store.enrolPoint(point);
  assert.equal(live(), true);
  await store.end({ ...ending, id });
  assert.equal(live(), false);
  await store.enrolPoint(point);
  assert.equal(live(), false, "the file that named it is still there, and that is no new enrolment");
  assert.equal((await store.enrolPoint({ ...point, by: "boot handle" })).live, true);
  await store.end({ ...ending, id });
  assert.equal((await store.enrolPoint({ ...point, key: "2" })).live, true);
  await store.end({ ...ending, id, suspend: true });
  assert.equal((await store.enrolPoint({ ...point, key: "3", by: "boot handle" })).live, false);
});

test("[store.boot-purpose] a one-time handle is spent once, and only for what it was made for", async (t) => {
  const { store } = await people(await openStore(t));
  const hash = randomUUID();
  await store.offerBoot({ hash, purpose: "point:gw", ttlMs: 60_000, by: "test" });
  assert.equal(codeOf(await store.spendBoot({ hash, purposes: ["point:other"], spender: "other" })), "handle_invalid");
  const spent = await Promise.all(
    Array.from({ length: 5 }, async () => store.spendBoot({ hash, purposes: ["point:gw"], spender: "gw" })),
  );
  assert.equal(count(spent.map(codeOf), "ok"), 1);
});
