import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfigFiles } from "../src/config/read.ts";
import { namesOf } from "../src/names.ts";
import type { AppliedConfig } from "../src/store/store.ts";
import { configOf, goodFiles, openStore, people, POLICY } from "./support.ts";

const ceiling = (name: string, actions: string): string =>
  `ceiling: ${name}\nmay: [{ type: jira-acme.issue, identifier: { any: true }, actions: [${actions}], fields: { read: [summary] } }]\n`;

const namesWith = async (files: Readonly<Record<string, string>>): Promise<AppliedConfig["names"]> => {
  const read = await readConfigFiles(goodFiles(files));
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return namesOf(read.value);
};

test("[config.ceiling-ends] a ceiling that is changed, added or removed, and another issuer under the same name, ends what policies under it gave; one that is the same ends nothing", async (t) => {
  const wide = await namesWith({ "ceilings/all.yaml": ceiling("all", "read, edit") });
  const renewedUnder = async (names: AppliedConfig["names"]): Promise<string> => {
    const { store, task } = await people(await openStore(t));
    await store.applyConfig(configOf(...wide));
    const id = (kind: "cli" | "agt" | "pol"): string => store.read.name(kind, kind === "pol" ? "one" : "bot") ?? "";
    const live = [id("cli"), id("agt"), id("pol")];
    const begun = await store.beginTask(task({ policy: id("pol"), live }));
    if (!begun.ok) throw new Error(begun.error.detail);
    await store.applyConfig(configOf(...names));
    const renewal = { grant: begun.value.grant, jkt: "key", decision: "dec_2", alsoLive: [] };
    const renewed = await store.renew({ ...renewal, wake: false });
    return renewed.ok ? "renewed" : renewed.error.code;
  };
  assert.equal(await renewedUnder(wide), "renewed");
  const others = {
    narrower: { "ceilings/all.yaml": ceiling("all", "read") },
    "without fields": { "ceilings/all.yaml": ceiling("all", "read").replace("summary", "") },
    added: { "ceilings/all.yaml": ceiling("all", "read, edit"), "ceilings/more.yaml": ceiling("more", "read") },
    "less deep": { "ceilings/all.yaml": `${ceiling("all", "read, edit")}depth: 0\n` },
    removed: {},
    "another issuer": {
      "ceilings/all.yaml": ceiling("all", "read, edit"),
      "issuers/login.yaml": "issuer: https://other.example\nalgorithms: [ES256]\n",
    },
  };
  for (const [what, files] of Object.entries(others))
    assert.equal(await renewedUnder(await namesWith(files)), "policy_none", what);
});

test("[config.guesses-bounded] whoever may name any record has a number of names an hour, also where the policy sets none", async () => {
  const limitOf = async (each: string): Promise<number | undefined> => {
    const given = POLICY.replace("tasks: { live: 1 }", each);
    const read = await readConfigFiles(goodFiles({ "policies/one.yaml": given }));
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    return read.value.policies.get("one")?.each.recordsPerHour;
  };
  assert.equal(await limitOf("tasks: { live: 1 }"), 1_000);
  assert.equal(await limitOf("tasks: { live: 1 }, records: { per_hour: 7 }"), 7);
  assert.equal(await limitOf("records: { per_hour: 5000 }"), 5_000);
});
