import assert from "node:assert/strict";
import { test } from "node:test";
import type { Refusal, Result } from "@remit/core";
import type { Broker } from "../src/broker.ts";
import { askGuardrails } from "../src/policy/guardrails/ask.ts";
import { loadCedar, prepareGuardrails } from "../src/policy/guardrails/prepare.ts";
import { vocabularyOf } from "../src/policy/guardrails/vocabulary.ts";
import { token } from "../src/token.ts";
import { configWith, rule, when } from "./cedar-rules.ts";
import { openStore, people } from "./support.ts";

const ASKING = {
  client: "bot",
  actors: ["bot"],
  subject: { issuer: "https://login.example", subject: "dana" },
  policy: "one",
  depth: 1,
  durationMs: 3_600_000,
};
const ENTRY = {
  type: "jira-acme.issue",
  location: "https://gw.example/r/jira",
  record: { by: "identifier", identifier: "1" },
  actions: ["edit", "read"],
  fields: { read: ["summary"], write: ["labels"] },
  where: {},
  except: [],
  limits: {},
} as const;

const said = (result: Result<unknown, Refusal>): string =>
  result.ok ? "ok" : `${result.error.code} ${result.error.detail}`;

const ROWS: readonly (readonly [condition: string, forbidden: boolean])[] = [
  ['principal == Client::"bot" && resource == Resource::"jira-acme"', true],
  ['context.type == RecordType::"jira-acme.issue" && context.connection == Connection::"jira-acme"', true],
  ['context.policy == Policy::"one" && context.actors.contains(Client::"bot")', true],
  ['context.policy != Policy::"one"', false],
  ['context.subject.issuer == "https://login.example" && context.subject.id == "dana"', true],
  ['context.subject.id == "eve"', false],
  ['context.read.contains("summary") && context.write.contains("labels")', true],
  ['context.read.contains("labels") || context.write.contains("summary")', false],
  ['context.classes.contains("write")', true],
  ['context.classes.contains("money")', false],
  ["context.depth >= 1 && context.duration >= 3600 && context.uses > 1000000", true],
  ["context.depth > 1 || context.duration > 3600", false],
  ["context.many", false],
];

test("[guardrails.asked] each part of the upper bound reaches the rule that speaks of it", async () => {
  for (const [condition, forbidden] of ROWS) {
    const answer = said(askGuardrails(await configWith(when(condition)), ASKING, [ENTRY]));
    assert.equal(answer.startsWith("guardrail_forbids"), forbidden, `${condition}: ${answer}`);
    assert.equal(answer === "ok", !forbidden, `${condition}: ${answer}`);
  }
});

test("[guardrails.asked] every entry and every action is asked about, and the record says which guardrail forbade what", async () => {
  const wide = { ...ENTRY, record: { by: "within", type: "project", identifier: "1" }, limits: { uses: 5 } } as const;
  const many = await configWith(when("context.many"));
  assert.equal(
    said(askGuardrails(many, ASKING, [ENTRY, wide])),
    "guardrail_forbids guardrail `one` forbids `edit` of `jira-acme.issue`",
  );
  assert.equal(said(askGuardrails(await configWith(when("context.uses > 5")), ASKING, [wide])), "ok");
  const reads = await configWith(rule('principal, action == Action::"read", resource'));
  assert.match(said(askGuardrails(reads, ASKING, [ENTRY])), /`one` forbids `read`/);
  assert.equal(said(askGuardrails(reads, ASKING, [{ ...ENTRY, actions: ["edit"] }])), "ok");
});

test("[guardrails.remembered] a verdict that is remembered counts for the same bound only", async () => {
  const config = await configWith(when('context.subject.id == "eve" || context.depth > 2'));
  const asks = (subject: string, depth: number): string =>
    said(askGuardrails(config, { ...ASKING, depth, subject: { issuer: "https://login.example", subject } }, [ENTRY]));
  for (let round = 0; round < 3; round++) {
    assert.equal(asks("dana", 1), "ok");
    assert.match(asks("eve", 1), /^guardrail_forbids/);
    assert.match(asks("dana", 3), /^guardrail_forbids/);
  }
  for (let person = 0; person < 2_500; person++) assert.equal(asks(`p${person}`, 0), "ok");
  assert.match(asks("eve", 1), /^guardrail_forbids/);
});

test("[guardrails.errors-refuse] a rule that errs, a request that Cedar cannot read, and a fault of ours refuse", async () => {
  const config = await configWith(when("context.depth > 4"));
  assert.equal(said(askGuardrails(config, ASKING, [ENTRY])), "ok");
  // it passes Cedar's own strict validation, and only our reader refuses it: Cedar would pass it over and allow
  const overflow = when("context.depth * 9223372036854775807 > 1");
  const scope = { client: undefined, resource: undefined, actions: undefined };
  const rules = [{ name: "one", text: overflow, scope, reads: ["depth"] }];
  const erring = { ...config, guardrails: prepareGuardrails(await loadCedar(), rules, vocabularyOf(config)) };
  assert.match(said(askGuardrails(erring, { ...ASKING, depth: 2 }, [ENTRY])), /^policy_unavailable .*overflow/);
  assert.match(said(askGuardrails(config, { ...ASKING, client: "nobody" }, [ENTRY])), /^policy_unavailable .*nobody/);
  assert.match(said(askGuardrails(config, { ...ASKING, depth: 1.5 }, [ENTRY])), /^policy_unavailable/);
  const gone = { ...ENTRY, type: "gone.issue" };
  assert.match(said(askGuardrails(config, ASKING, [gone])), /^policy_unavailable .*not configured/);
});

test("[guardrails.asked-again] a lapsed lease wakes, and a grant older than this process renews, only if guardrails still allow it", async (t) => {
  const renewed = async (leaseMs: number, startedMs: number, cedar: string, jkt: string = "key"): Promise<string> => {
    const { store, task } = await people(await openStore(t, { lifetimes: { leaseMs } }));
    const authority = JSON.stringify([{ type: "jira-acme.issue", identifier: "1", actions: ["read"] }]);
    const begun = await store.beginTask(task({ authority }));
    if (!begun.ok) throw new Error(begun.error.detail);
    // a renewal that is refused touches nothing else of a broker
    const broker = { store, config: await configWith(cedar), now: () => Date.now(), startedMs } as unknown as Broker;
    const form = new Map([
      ["grant_type", "urn:remit:params:oauth:grant-type:renew"],
      ["grant", begun.value.grant],
    ]);
    const answer = await token(broker, { form, jkt, decision: "dec_2" }).catch(() => undefined);
    // one that is allowed is recorded, and only then finds that this broker cannot sign
    const renewals = store.read.mentions(begun.value.task).filter(({ line }) => line.includes('"grant.renew"'));
    if (answer === undefined) return `renewed ${renewals.length}`;
    assert.equal(renewals.length, 0);
    return answer.ok ? "a token" : answer.error.refusal.code;
  };
  const [forbids, allows] = [rule("principal, action, resource"), when("context.many")];
  const later = Date.now() + 3_600_000;
  assert.equal(await renewed(0, 0, allows), "renewed 1", "lapsed, and nothing forbids it");
  assert.equal(await renewed(0, 0, forbids), "guardrail_forbids", "lapsed");
  assert.equal(await renewed(180_000, later, forbids), "guardrail_forbids", "older than the process");
  assert.equal(await renewed(180_000, later, allows), "renewed 1", "older, and nothing forbids it");
  assert.equal(await renewed(180_000, 0, forbids), "renewed 1", "made by this process, so it was asked");
  assert.equal(await renewed(180_000, later, forbids, "another key"), "grant_unknown", "a stranger learns nothing");
});
