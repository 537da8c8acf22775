import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConfigFiles } from "../src/config/read.ts";
import { open, readSealKey, seal } from "../src/keys/seal.ts";
import { Secret } from "@remit/core";
import { goodFiles, POLICY } from "./support.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

const children: ChildProcess[] = [];

// whatever a test left running must not keep the next one, or this process, waiting
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Run {
  readonly line: Readonly<Record<string, unknown>> | undefined;
  readonly stderr: () => string;
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
}

async function runBroker(folder: string, config: string): Promise<Run> {
  const flags = ["--data", join(folder, "data"), "--config", config, "--seal-key", join(folder, "seal"), "--json"];
  const child = spawn(process.execPath, ["--conditions=@remit/source", main, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, REMIT_HOME: folder },
  });
  children.push(child);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = once(child, "exit");
  const first = await Promise.race([once(child.stdout, "data"), exited.then(() => undefined)]);
  return {
    line: first === undefined ? undefined : (JSON.parse(String(first[0])) as Readonly<Record<string, unknown>>),
    stderr: () => stderr,
    async stop(signal) {
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

function folderWith(files: Readonly<Record<string, string>>): { readonly folder: string; readonly config: string } {
  const folder = mkdtempSync(join(tmpdir(), "remit-broker-"));
  const config = join(folder, "config");
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(config, file, ".."), { recursive: true });
    writeFileSync(join(config, file), text);
  }
  writeFileSync(join(folder, "seal"), Buffer.alloc(32, 7), { mode: 0o600 });
  return { folder, config };
}

test("[broker.one-per-folder] a second broker on a folder is refused, and a killed one leaves no lock", async (t) => {
  const { folder, config } = folderWith({ "remit.yaml": "remit: 1\n" });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const first = await runBroker(folder, config);
  assert.match(String(first.line?.["broker"]), /^http:/);
  const second = await runBroker(folder, config);
  assert.equal(second.line, undefined);
  assert.match(second.stderr(), /another broker is running/);
  await first.stop("SIGKILL");
  const third = await runBroker(folder, config);
  assert.equal(third.line?.["issuer"], first.line?.["issuer"]);
  assert.equal(await third.stop("SIGTERM"), 0);
});

test("[broker.clock-behind] a clock behind the last record starts nothing", async (t) => {
  const { folder, config } = folderWith({ "remit.yaml": "remit: 1\n" });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await (await runBroker(folder, config)).stop("SIGTERM");
  const db = new DatabaseSync(join(folder, "data", "broker.db"));
  db.exec(`update log_head set at_ms = ${Date.now() + 3_600_000}`);
  db.close();
  const late = await runBroker(folder, config);
  assert.equal(late.line, undefined);
  assert.match(late.stderr(), /the clock is \d+ s behind/);
});

test("[broker.log-append-only] the database itself refuses to change or cut the log", async (t) => {
  const { folder, config } = folderWith({ "remit.yaml": "remit: 1\n" });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await (await runBroker(folder, config)).stop("SIGTERM");
  const db = new DatabaseSync(join(folder, "data", "broker.db"));
  assert.throws(() => db.exec("update log set line = 'x'"), /append-only/);
  assert.throws(() => db.exec("delete from log"), /append-only/);
  db.close();
});

const BAD: readonly (readonly [what: string, file: string, text: string, fault: RegExp, line?: number])[] = [
  ["an unknown key", "remit.yaml", "remit: 1\nname: x\nnmae: y\n", /nmae.*is not known here/, 3],
  ["a lease below its floor", "remit.yaml", "remit: 1\nlifetimes: { lease: 1s }\n", /lease.*at least 2000 ms/],
  ["a key twice", "remit.yaml", "remit: 1\nremit: 1\n", /unique/],
  ["an alias", "remit.yaml", "remit: &a 1\nname: *a\n", /alias/],
  ["an issuer without TLS", "issuers/login.yaml", "issuer: http://login.example\nalgorithms: [ES256]\n", /https/],
  [
    "any without an aggregate limit",
    "policies/one.yaml",
    POLICY.replace(", each: { per: [actor, subject], tasks: { live: 1 } }", ""),
    /limits\.each.*is needed/,
  ],
  [
    "any with a limit of tasks that says none",
    "policies/one.yaml",
    POLICY.replace("tasks: { live: 1 }", "tasks: {}"),
    /limits\.each.*is needed/,
  ],
  [
    "any with an aggregate of nothing",
    "policies/one.yaml",
    POLICY.replace(", tasks: { live: 1 }", ""),
    /limits\.each.*is needed/,
  ],
  [
    "within without an aggregate limit",
    "policies/one.yaml",
    POLICY.replace(", each: { per: [actor, subject], tasks: { live: 1 } }", "").replace(
      "identifier: { any: true }",
      "within: { type: project, identifier: '10000' }",
    ),
    /limits\.each.*is needed/,
  ],
  ["an unknown key of a policy", "policies/one.yaml", `${POLICY}aproval: none\n`, /aproval.*is not known here/, 8],
  [
    "an unknown key deep in a policy",
    "policies/one.yaml",
    POLICY.replace("limits: { task: { duration: 1h }", "limits:\n  task: { duration: 1h, lenght: 2 }\n  ").replace(
      "  , each: { per: [actor, subject], tasks: { live: 1 } } }",
      "each: { per: [actor, subject], tasks: { live: 1 } }",
    ),
    /lenght.*is not known here/,
    7,
  ],
  [
    "an unknown member of an entry",
    "policies/one.yaml",
    POLICY.replace("actions: [read]", "actions: [read], privileges: [admin]"),
    /privileges/,
    5,
  ],
  [
    "an unknown way to match a claim",
    "policies/one.yaml",
    POLICY.replace("groups: x", "groups: { regex: x }"),
    /claims/,
    3,
  ],
  [
    "an unknown type",
    "policies/one.yaml",
    POLICY.replace("jira-acme.issue", "jira-acme.project"),
    /is not a type known here/,
  ],
  ["an unknown action", "policies/one.yaml", POLICY.replace("[read]", "[delete]"), /is not an action/],
  [
    "a client without a file",
    "policies/one.yaml",
    POLICY.replace("client: bot", "client: nobody"),
    /has no file under clients/,
  ],
  ["a file of another name", "clients/bot.yaml", "client: other\nkey: from-subject\n", /the file is named/],
  [
    "a private key",
    "clients/bot.yaml",
    `client: bot\nkey: { kty: EC, crv: P-256, x: ${"A".repeat(43)}, y: ${"A".repeat(43)}, d: x }\n`,
    /key/,
  ],
  ["a guardrail without a name", "guardrails/x.cedar", "// all\nforbid (principal, action, resource);", /@id/, 2],
];

test("[config.strict] a good folder is read; each mistake is named with its file, and nothing of the folder counts", async () => {
  assert.equal((await readConfigFiles(goodFiles())).ok, true);
  for (const [what, file, text, fault, line] of BAD) {
    const read = await readConfigFiles(goodFiles({ [file]: text }));
    assert.equal(read.ok, false, what);
    if (read.ok) continue;
    const told = read.error.map((one) => `${one.file} ${one.key} ${one.message}`).join("\n");
    assert.match(told, fault, what);
    assert.ok(
      read.error.some((one) => one.file === file),
      `${what}: ${told}`,
    );
    if (line !== undefined) assert.equal(read.error[0]?.line, line, what);
  }
});

test("[keys.sealed] a sealed value opens only at its own place, under its own key, unchanged", () => {
  const place = { tenant: "local", table: "key", id: "a", column: "sealed", version: 1 };
  const key = new Secret(new Uint8Array(32).fill(1));
  const sealed = seal(Buffer.from("value"), place, key);
  assert.equal(Buffer.from(open(sealed, place, key).reveal()).toString(), "value");
  for (const other of [{ tenant: "x" }, { table: "x" }, { id: "b" }, { column: "x" }, { version: 2 }])
    assert.throws(() => open(sealed, { ...place, ...other }, key));
  assert.throws(() => open(sealed, place, new Secret(new Uint8Array(32).fill(2))));
  for (let at = 0; at < sealed.length; at += 7) {
    const changed = Uint8Array.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => open(changed, place, key), `byte ${at}`);
  }
});

test("[keys.seal-key-place] a seal key that others can read, or that lies in the data folder, is refused", (t) => {
  const { folder } = folderWith({});
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "seal");
  assert.equal(readSealKey(file, join(folder, "data")).reveal().length, 32);
  assert.throws(() => readSealKey(file, folder), /inside the data folder/);
  const dotted = join(folder, "..seal");
  writeFileSync(dotted, Buffer.alloc(32, 7), { mode: 0o600 });
  assert.throws(() => readSealKey(dotted, folder), /inside the data folder/);
  symlinkSync(folder, join(folder, "link"));
  assert.throws(() => readSealKey(file, join(folder, "link")), /inside the data folder/);
  chmodSync(file, 0o644);
  assert.throws(() => readSealKey(file, join(folder, "data")), /readable by others/);
  assert.equal(readFileSync(file).length, 32);
});
