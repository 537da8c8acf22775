import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import { Secret } from "@remit/core";
import type { NewConnection } from "../src/vault/connection.ts";
import { open, readSealKey, seal, type SealPlace } from "../src/vault/seal.ts";
import { openVault } from "../src/vault/vault.ts";
import { gatewayWorld, ISSUE, SECRET } from "./support/gateway-world.ts";

const CANARY = "canary-0123456789abcdef";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-vault-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const connection = (over: Partial<NewConnection> = {}): NewConnection => ({
  ...{ name: "jira-acme", resource: "jira-acme", connector: "jira", origin: "https://acme.example" },
  ...{ inject: { form: "bearer" }, as: "service", account: "svc", insecureLoopback: false, secret: new Secret(CANARY) },
  ...over,
});

test("[vault.sealed-in-place] a sealed value opens only with its key, whole, and in its own place", () => {
  const key = new Secret(new Uint8Array(randomBytes(32)));
  const place: SealPlace = { tenant: "local", table: "connection", id: "cnx_1", column: "secret", version: 1 };
  const sealed = seal(Buffer.from(CANARY), place, key);
  assert.equal(Buffer.from(open(sealed, place, key).reveal()).toString(), CANARY);
  const places: readonly Partial<SealPlace>[] = [
    { tenant: "other" },
    { table: "key" },
    { id: "cnx_2" },
    { column: "x" },
    { version: 2 },
  ];
  for (const other of places)
    assert.throws(() => open(sealed, { ...place, ...other }, key), Error, JSON.stringify(other));
  for (let at = 0; at < sealed.length; at++) {
    const spoilt = Uint8Array.from(sealed);
    spoilt[at] = (spoilt[at] ?? 0) ^ 1;
    assert.throws(() => open(spoilt, place, key), Error, `byte ${at}`);
  }
  for (const length of [0, 1, 59, 60, 88, sealed.length - 1])
    assert.throws(() => open(sealed.subarray(0, length), place, key), Error, `length ${length}`);
  assert.throws(() => open(sealed, place, new Secret(new Uint8Array(randomBytes(32)))));
  assert.notDeepEqual(seal(Buffer.from(CANARY), place, key), sealed, "a nonce is used once");
});

test("[vault.nothing-plain] the credential is in no file of the vault, and is not printed by accident", (t) => {
  const data = join(folderOf(t), "data");
  const key = new Secret(new Uint8Array(randomBytes(32)));
  const vault = openVault(data, key);
  const kept = vault.keep(connection());
  vault.keep(connection({ secret: new Secret(`${CANARY}-second`) }));
  const files = (): readonly Buffer[] => readdirSync(data).map((file) => readFileSync(join(data, file)));
  assert.ok(files().length >= 2, "the log of the database is there too");
  assert.ok(
    files().every((bytes) => !bytes.includes(CANARY) && !bytes.includes(Buffer.from(CANARY).toString("base64"))),
  );
  assert.ok(!inspect([vault.connections(), kept, vault.credential(kept.id)], { depth: 9 }).includes(CANARY));
  vault.close();
  for (const file of readdirSync(data)) assert.equal(statSync(join(data, file)).mode & 0o077, 0, file);
  assert.equal(statSync(data).mode & 0o077, 0);
});

test("[vault.rows-do-not-swap] a credential that was moved to another row or version does not open", (t) => {
  const data = join(folderOf(t), "data");
  const vault = openVault(data, new Secret(new Uint8Array(randomBytes(32))));
  const [one, two] = [vault.keep(connection()), vault.keep(connection({ name: "b", resource: "b" }))];
  const database = new DatabaseSync(join(data, "gateway.db"));
  const sealedOf = (id: string): Uint8Array =>
    database.prepare("select secret from connection where id = ?").get(id)?.["secret"] as Uint8Array;
  const before = sealedOf(one.id);
  database.prepare("update connection set secret = ? where id = ?").run(before, two.id);
  assert.throws(() => vault.credential(two.id));
  vault.keep(connection({ secret: new Secret(`${CANARY}-new`) }));
  assert.equal(vault.credential(one.id)?.reveal(), `${CANARY}-new`);
  database.prepare("update connection set secret = ? where id = ?").run(before, one.id);
  assert.throws(() => vault.credential(one.id), "the credential of before does not come back");
  database.close();
  vault.close();
});

test("[vault.another-place-another-id] only another credential keeps a connection's id; another place or account is another connection", (t) => {
  const vault = openVault(join(folderOf(t), "data"), new Secret(new Uint8Array(randomBytes(32))));
  t.after(() => vault.close());
  const first = vault.keep(connection());
  const again = vault.keep(
    connection({ secret: new Secret("another-secret"), inject: { form: "basic", username: "x" } }),
  );
  assert.equal(again.id, first.id);
  const ids = new Set([first.id]);
  for (const over of [{ origin: "https://evil.example" }, { account: "admin" }, { connector: "other" }]) {
    const other = vault.keep(connection(over));
    assert.ok(!ids.has(other.id), JSON.stringify(over));
    ids.add(other.id);
    assert.deepEqual(
      vault.connections().map(({ id }) => id),
      [other.id],
    );
    assert.equal(vault.credential(other.id)?.reveal(), CANARY);
  }
  assert.equal(vault.credential(first.id), undefined);
});

test("[vault.seal-key-apart] a seal key inside the data folder, readable by others, or of another length is refused", (t) => {
  const folder = folderOf(t);
  const data = join(folder, "data");
  mkdirSync(data);
  const put = (file: string, bytes: number, mode: number): string => {
    writeFileSync(file, randomBytes(bytes));
    chmodSync(file, mode);
    return file;
  };
  assert.throws(() => readSealKey(put(join(data, "k"), 32, 0o600), data), /is inside the data folder/);
  assert.throws(() => readSealKey(put(join(data, "..k"), 32, 0o600), data), /is inside the data folder/);
  symlinkSync(data, join(folder, "link"));
  assert.throws(() => readSealKey(join(data, "k"), join(folder, "link")), /is inside the data folder/);
  assert.throws(() => readSealKey(put(join(folder, "a"), 32, 0o644), data), /is readable by others/);
  assert.throws(() => readSealKey(put(join(folder, "b"), 31, 0o600), data), /has 31 bytes, not 32/);
  assert.equal(readSealKey(put(join(folder, "c"), 32, 0o600), data).reveal().length, 32);
});

test("[vault.one-door] connections are made at the gateway's own socket, which only this user can open, and each is recorded", async (t) => {
  const world = await gatewayWorld(t);
  assert.equal(statSync(join(world.data, "admin.sock")).mode & 0o777, 0o600);
  const listed = await world.admin("GET", "/connections");
  assert.ok(!listed.text.includes(SECRET) && listed.text.includes(world.connection));
  const [kept] = world.records();
  assert.deepEqual([kept?.kind, kept?.body["by"]], ["connection.keep", "unprotected_owner"]);
  const good = {
    ...{ name: "jira-acme", resource: "jira-acme", connector: "jira", origin: world.upstream.origin, as: "service" },
    ...{ inject: { form: "bearer" }, account: "svc", secret: "rotated-canary-1", insecure_loopback: true },
  };
  const bad = [
    { ...good, connector: "unknown" },
    { ...good, inject: { form: "header", header: "x-api-key" } },
    { ...good, insecure_loopback: "yes" },
    { ...good, extra: 1 },
    [],
  ];
  for (const body of bad) {
    const answer = await world.admin("POST", "/connections", body);
    assert.equal(answer.status, 400, answer.text);
    assert.ok(!answer.text.includes(good.secret));
  }
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  const rotated = await world.admin("POST", "/connections", good);
  assert.equal((JSON.parse(rotated.text) as { readonly connection: string }).connection, world.connection);
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  assert.ok(world.upstream.reached.at(-1)?.rawHeaders.includes("Bearer rotated-canary-1"));
  assert.equal((await world.admin("DELETE", `/connections/${world.connection}`)).status, 200);
  assert.equal((await fetch(world.resource + ISSUE)).status, 404);
  // nothing of this is served where callers are
  for (const path of ["/connections", "/admin/connections", "/r/jira-acme/connections"])
    assert.equal((await fetch(world.base + path, { method: "POST", body: JSON.stringify(good) })).status, 404);
});
