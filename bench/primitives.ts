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
  /** One small row and its tree hashes, sixteen a commit. */
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
    row: measureRow(),
    json: cpuHere(() => void JSON.stringify(JSON.parse(text)), 5_000).median,
    hash: cpuHere(() => void hash("sha256", text, "base64url"), 10_000).median,
    cedar: measureCedar(),
  };
}

const GROUP = 16;

function measureRow(): number {
  const folder = mkdtempSync(join(tmpdir(), "remit-bench-"));
  const db = new DatabaseSync(join(folder, "rows.db"));
  db.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table row (n integer primary key, line text not null) strict;",
  );
  const insert = db.prepare("insert into row (line) values (?)");
  const line = "x".repeat(700);
  const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");
  let frontier = EMPTY_FRONTIER;
  const { median } = cpuHere(() => {
    db.exec("begin");
    for (let row = 0; row < GROUP; row++) {
      insert.run(line);
      frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
    }
    db.exec("commit");
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
