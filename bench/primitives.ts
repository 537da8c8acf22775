import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { appendLeaf, EMPTY_FRONTIER, leafHash, utf8 } from "@remit/core";
import { cpuHere } from "./measure.ts";

/** Raw costs of what a call cannot avoid, in microseconds of CPU, measured in this run. */
export interface Primitives {
  readonly sign: number;
  readonly verify: number;
  /** One record with its tree hashes, sixteen a commit. */
  readonly record: number;
  /** One more row under an id of the same commit. */
  readonly row: number;
  /** Parse and print of 1 kB. */
  readonly json: number;
  readonly hash: number;
  /** One prepared Cedar decision about a typical upper bound. */
  readonly cedar: number;
}

export function measurePrimitives(): Primitives {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const data = Buffer.alloc(600, "x");
  const options = { dsaEncoding: "ieee-p1363" } as const;
  const signature = sign("sha256", data, { key: privateKey, ...options });
  const text = JSON.stringify({
    fields: Object.fromEntries(
      Array.from({ length: 20 }, (_value, index) => [`field${index}`, "a value of forty characters, more or less"]),
    ),
  });
  return {
    sign: cpuHere(() => void sign("sha256", data, { key: privateKey, ...options }), 1_000).median,
    verify: cpuHere(() => void verify("sha256", data, { key: publicKey, ...options }, signature), 500).median,
    ...measureRows(),
    json: cpuHere(() => void JSON.stringify(JSON.parse(text)), 5_000).median,
    hash: cpuHere(() => void hash("sha256", text, "base64url"), 10_000).median,
    cedar: measureCedar(),
  };
}

const GROUP = 16;

/** Rows that a commit of sixteen requests holds: their records alone, and with six more rows each. */
function measureRows(): Pick<Primitives, "record" | "row"> {
  const record = measureCommit(0);
  return { record, row: (measureCommit(MORE) - record) / MORE };
}

const MORE = 6;

function measureCommit(more: number): number {
  const folder = mkdtempSync(join(tmpdir(), "remit-bench-"));
  const db = new DatabaseSync(join(folder, "rows.db"));
  db.exec(
    `pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 10000;
     create table record (n integer primary key, line text not null) strict;
     create table thing (id text primary key, what text not null) strict;`,
  );
  const [begin, commit] = [db.prepare("begin immediate"), db.prepare("commit")];
  const [record, thing] = [
    db.prepare("insert into record (line) values (?)"),
    db.prepare("insert into thing values (?, ?)"),
  ];
  const [line, what] = ["x".repeat(700), "x".repeat(100)];
  const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");
  let [frontier, last] = [EMPTY_FRONTIER, 0];
  const { median } = cpuHere(() => {
    begin.run();
    for (let row = 0; row < GROUP; row++) {
      record.run(line);
      frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
      for (let at = 0; at < more; at++) thing.run(`tsk_${String((last += 1)).padStart(26, "0")}`, what);
    }
    commit.run();
  }, 100);
  db.close();
  rmSync(folder, { recursive: true, force: true });
  return median / GROUP;
}

const RULES = {
  everything: "permit (principal, action, resource);",
  field: `forbid (principal, action == Action::"edit", resource == Resource::"jira") when { context.write.contains("assignee") };`,
  long: `forbid (principal, action, resource) when { context.duration > 7200 || context.depth > 0 } unless { principal == Client::"bot" };`,
};

/** Three rules and what they read, as the broker hands them to Cedar; it settles after some thousand decisions. */
function measureCedar(): number {
  const attributes = {
    write: { type: "Set" as const, element: { type: "String" as const } },
    depth: { type: "Long" as const },
    duration: { type: "Long" as const },
  };
  const context = { type: "Record" as const, attributes };
  const appliesTo = { principalTypes: ["Client"], resourceTypes: ["Resource"], context };
  const entityTypes = { Client: { enum: ["bot", "agent"] }, Resource: { enum: ["jira"] } };
  cedar.preparseSchema("bench", { "": { entityTypes, actions: { edit: { appliesTo }, read: { appliesTo } } } });
  cedar.preparsePolicySet("bench", { staticPolicies: RULES });
  const decide = (): void => {
    const answer = cedar.statefulIsAuthorized({
      ...{ preparsedPolicySetId: "bench", preparsedSchemaName: "bench", validateRequest: true },
      principal: { type: "Client", id: "agent" },
      action: { type: "Action", id: "edit" },
      resource: { type: "Resource", id: "jira" },
      context: { write: ["priority"], depth: 0, duration: 3600 },
      entities: [],
    });
    if (answer.type === "failure" || answer.response.decision !== "allow") throw new Error("Cedar did not allow");
  };
  return cpuHere(decide, 3_000).median;
}
