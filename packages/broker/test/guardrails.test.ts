import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { readConfigFiles } from "../src/config/read.ts";
import { configWith, GUARDRAILS, rule, when } from "./cedar-rules.ts";
import { goodFiles } from "./support.ts";

const unless = (condition: string): string => rule("principal, action, resource", ` unless { ${condition} }`);

const loaded = (): boolean =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("cedar-wasm"));

// first in this file: nothing has loaded the library by now
test("[guardrails.loaded-on-need] without a guardrail, or with comments alone, the policy engine is not loaded", async () => {
  for (const more of [
    {},
    { [GUARDRAILS]: "" },
    { [GUARDRAILS]: `// ${rule("principal, action, resource").split("\n").join("\n// ")}` },
  ])
    assert.equal((await readConfigFiles(goodFiles(more))).ok, true);
  assert.equal(loaded(), false);
  await configWith(rule("principal, action, resource"));
  assert.equal(loaded(), true);
});

const GOOD: readonly string[] = [
  rule("principal, action, resource"),
  rule('principal == Client::"bot", action == Action::"edit", resource == Resource::"jira-acme"'),
  rule('principal, action in [Action::"edit", Action::"transition"], resource', " when { context.many }"),
  when('context.write.contains("assignee") && context.depth > 0'),
  when('context.read.containsAny(["summary", "labels"]) || context.classes.contains("money")'),
  when('context.write.containsAll(["labels", "assignee"])'),
  when("context.duration >= 3600 || context.uses > 10"),
  when('context.type == RecordType::"jira-acme.issue" && context.policy != Policy::"one"'),
  when('context.subject.issuer == "https://login.example" && context.subject.id like "svc-*"'),
  when('context.actors.contains(Client::"bot") && !(context.connection == Connection::"jira-acme")'),
  when('action in [Action::"edit"] && context.many'),
  unless('principal == Client::"bot"'),
];

test("[guardrails.strict] what only takes away, more from the wider, is a guardrail", async () => {
  for (const text of GOOD) assert.deepEqual((await configWith(text)).guardrails.names, ["one"], text);
  const several = await configWith(
    `${rule("principal, action, resource", "", "a")}\n${rule("principal, action, resource", "", "b")}`,
  );
  assert.deepEqual(several.guardrails.names, ["a", "b"]);
});

const BAD: readonly (readonly [what: string, text: string, fault: RegExp, line?: number])[] = [
  ["text that is not Cedar", '@id("x")\nforbid (principal action);', /unexpected token/, 2],
  ["a permit", '// é\n@id("x") permit (principal, action, resource);', /only forbid/, 2],
  ["no name", "\n\nforbid (principal, action, resource);", /@id/, 3],
  ["a name twice", `${rule("principal, action, resource")}${when("context.many")}`, /another guardrail/, 3],
  ["an annotation without a meaning", `@note("x")${rule("principal, action, resource")}`, /@note/],
  ["a slot", rule("principal == ?principal, action, resource"), /slot/, 1],
  ["a single record", rule('principal, action, resource == Issue::"10442"'), /`except`.*in a ceiling/],
  ["a single record in a condition", when('context.type == Issue::"10442"'), /`except`.*in a ceiling/],
  ["a head that asks for a kind", rule("principal is Client, action, resource"), /`is` in its head/],
  ["`<` on what can be narrowed", when("context.depth < 2"), /`<`.*narrower/],
  ["`<=` the other way round", when("2 <= context.depth"), /`<=`.*narrower/],
  ["the limit on the left", when("2 > context.depth"), /written on the left/],
  ["an equal magnitude", when("context.depth == 1"), /`==` on `context.depth`/],
  ["an equal set", when('context.read == ["summary"]'), /`==` on `context.read`/],
  ["a set in another", when('["summary"].containsAll(context.read)'), /looks into something else/],
  ["an empty set", when("context.read.isEmpty()"), /`isEmpty`/],
  ["a negated set", when('!context.write.contains("labels")'), /`!` and `unless`/],
  ["a negated magnitude", when("!(context.depth > 1 || context.many)"), /`!` and `unless`/],
  ["unless with a set", unless('context.write.contains("labels")'), /`!` and `unless`/],
  ["unless with a flag, in part", unless('principal == Client::"bot" && context.many'), /`!` and `unless`/],
  ["a choice", when("if context.many then true else false"), /`if-then-else`/],
  ["arithmetic", when("context.depth + 1 > 1"), /compares something else/],
  ["a question whether it is there", when("context has read"), /`has`/],
  ["an extension", when('ip("10.0.0.1").isLoopback()'), /`isLoopback`/],
  ["a constant", when("true"), /`Value`/],
  ["a set as a condition", when("context.read"), /neither true nor false/],
  ["an unknown field", when('context.write.contains("asignee")'), /`asignee`.*known are.*assignee/],
  ["an unknown class", when('context.classes.contains("delete")'), /`delete`.*known are read/],
  [
    "an unknown issuer",
    when('context.subject.issuer == "https://elsewhere.example"'),
    /known are https:\/\/login.example/,
  ],
  ["a field that is not written out", when("context.read.contains(context.subject.id)"), /not written out/],
  ["an unknown action", `\n${rule('principal, action == Action::"edti", resource')}`, /did you mean.*edit/, 3],
  ["an unknown client", rule('principal == Client::"robot", action, resource'), /valid entity eids: "bot"/, 2],
  ["an unknown attribute", when("context.dpth > 1"), /compares `context.dpth`/],
  ["a type error", when('context.subject.id == RecordType::"jira-acme.issue"'), /types|type/],
  ["too many alternatives", when(Array.from({ length: 50 }, () => "context.many").join(" || ")), /nested too deeply/],
  ["a number that is not exact", when("context.uses > 9007199254740993"), /past 2\^53/],
  ["what can never be", when('action == Action::"edit" && action == Action::"read"'), /impossible/],
];

test("[guardrails.strict] each mistake in a guardrail is named with file, line and what would be right, and nothing of the folder counts", async () => {
  for (const [what, text, fault, line] of BAD) {
    const read = await readConfigFiles(goodFiles({ [GUARDRAILS]: text }));
    assert.equal(read.ok, false, what);
    if (read.ok) continue;
    const told = read.error.map((one) => `${one.file}:${one.line} ${one.message}`).join("\n");
    assert.match(told, fault, what);
    assert.ok(
      read.error.every((one) => one.file === GUARDRAILS && one.line !== undefined),
      told,
    );
    if (line !== undefined) assert.equal(read.error[0]?.line, line, `${what}: ${told}`);
  }
});

test("[guardrails.docs-load] the guardrails of the documentation load", async () => {
  const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const examples = [...page.matchAll(/^```cedar\n([^]*?)^```/gm)].map((match) => match[1] ?? "");
  assert.notEqual(examples.length, 0);
  const bot = { "clients/triage-bot.yaml": "client: triage-bot\nkey: from-subject\n" };
  for (const text of examples) {
    const read = await readConfigFiles(goodFiles({ ...bot, [GUARDRAILS]: text }));
    assert.equal(read.ok, true, read.ok ? "" : read.error.map(({ line, message }) => `${line} ${message}`).join("\n"));
  }
});

// last in this file: Cedar is of no use to this process afterwards
test("[guardrails.strict] a rule that overflows the engine is a mistake like any other", async () => {
  const deep = when(`${"(".repeat(20_000)}context.many${")".repeat(20_000)}`);
  const read = await readConfigFiles(goodFiles({ [GUARDRAILS]: deep }));
  assert.equal(read.ok, false);
  assert.match(read.ok ? "" : (read.error[0]?.message ?? ""), /cannot be read by Cedar/);
});
