import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Secret } from "@remit/core";
import { selfSigned } from "../../sdk/test/support/certificate.ts";
import { openIdentity } from "../src/identity.ts";
import { readToldBroker } from "../src/told-broker.ts";
import { openVault } from "../src/vault/vault.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-gateway-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const TOLD = { broker: "http://127.0.0.1:7420/i/one", points: "https://127.0.0.1:7422", pin: "pin" };

const told = async (text: string): Promise<unknown> => {
  const input = new PassThrough();
  input.end(text);
  return readToldBroker(input);
};

test("[gateway.told-broker] a gateway that is told its broker believes one whole line and nothing else", async (t) => {
  assert.deepEqual(await told(`${JSON.stringify(TOLD)}\n`), TOLD);
  assert.deepEqual(await told(`${JSON.stringify(TOLD)}\n${JSON.stringify({ ...TOLD, pin: "other" })}\n`), TOLD);
  const { pin: _none, ...without } = TOLD;
  const odd: readonly unknown[] = [{}, without, { ...TOLD, pin: 1 }, { ...TOLD, seal: "x" }, [TOLD], null];
  for (const line of ["", "\n", "{", ...odd.map((value) => JSON.stringify(value))])
    await assert.rejects(told(`${line}\n`), /no broker was named on stdin/, line);
  const twice = `{"broker":"a","points":"b","pin":"c","pin":"d"}\n`;
  await assert.rejects(told(twice), /no broker was named on stdin/, "a repeated member");

  const data = join(folderOf(t), "data");
  const seal = join(folderOf(t), "seal.key");
  writeFileSync(seal, randomBytes(32), { mode: 0o600 });
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const run = (...flags: readonly string[]): { readonly status: number | null; readonly said: string } => {
    const args = [
      "--conditions=@remit/source",
      main,
      "--data",
      data,
      "--seal-key",
      seal,
      "--broker-on-stdin",
      ...flags,
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { input: "", encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  const silent = run();
  assert.equal(silent.status, 1);
  assert.match(silent.said, /no broker was named on stdin/);
  assert.ok(!readdirSync(data).includes("log"), "nothing was opened that only one gateway may hold");
  for (const flag of ["--broker", "--points", "--pin", "--boot"]) {
    const both = run(`${flag}=x`);
    assert.equal(both.status, 2, flag);
    assert.match(both.said, /takes the place of the flags/, flag);
  }
});

test("[gateway.one-per-folder] a second gateway on a folder opens nothing, and one that was killed leaves no lock", async (t) => {
  const data = join(folderOf(t), "data");
  const seal = join(folderOf(t), "seal.key");
  writeFileSync(seal, randomBytes(32), { mode: 0o600 });
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const args = ["--conditions=@remit/source", main, "--data", data, "--seal-key", seal, "--broker-on-stdin"];
  const input = `${JSON.stringify(TOLD)}\n`;
  // nobody is at the broker's place, which a gateway that serves nothing yet does not mind
  const first = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => first.kill("SIGKILL"));
  first.stdin.end(input);
  await once(first.stdout, "data");
  const file = join(data, "log", readdirSync(join(data, "log"))[0] ?? "");
  writeFileSync(file, "half a line that the first one is writing");
  const second = spawnSync(process.execPath, args, { input, encoding: "utf8", timeout: 20_000 });
  assert.equal(second.status, 1);
  assert.match(second.stderr, /another gateway is running on/);
  assert.equal(readFileSync(file, "utf8"), "half a line that the first one is writing");
  const ended = once(first, "exit");
  first.kill("SIGKILL");
  await ended;
  const third = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => third.kill("SIGKILL"));
  third.stdin.end(input);
  await once(third.stdout, "data");
  assert.equal(readFileSync(file, "utf8"), "", "what was cut off by the kill is gone");
});

test("[gateway.certificate-kept] a point keeps its certificate, and makes another where it is not of its key or time", async (t) => {
  const vault = openVault(join(folderOf(t), "data"), new Secret(new Uint8Array(randomBytes(32))));
  t.after(() => vault.close());
  const now = Date.now();
  const at = async (nowMs: number): Promise<string> => (await openIdentity(vault, nowMs)).certificate;
  const first = await at(now);
  assert.equal(await at(now), first);
  const { jwk } = await openIdentity(vault, now);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  vault.set("certificate", selfSigned(stranger, "remit point"));
  const second = await at(now);
  assert.ok(new X509Certificate(second).checkPrivateKey((await openIdentity(vault, now)).key), "it is of its own key");
  assert.deepEqual((await openIdentity(vault, now)).jwk, jwk, "and the key is what it was");
  for (const nowMs of [Date.UTC(2020, 0), Date.UTC(2090, 0)]) {
    const other = await at(nowMs);
    assert.notEqual(other, second, "one of another time is not kept");
    assert.equal(await at(nowMs), other);
    vault.set("certificate", second);
  }
});
