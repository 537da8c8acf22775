import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createFaults } from "../src/config/faults.ts";
import type { UpperBound } from "../src/policy/guardrails/bound.ts";
import { readGuardrails } from "../src/policy/guardrails/read.ts";
import type { Guardrails } from "../src/policy/guardrails/prepare.ts";
import type { Vocabulary } from "../src/policy/guardrails/vocabulary.ts";

/** A world so small that rules and requests meet. */
const WORDS: Vocabulary = {
  clients: ["ann", "bob"],
  policies: ["p", "q"],
  connections: ["c", "d"],
  resources: ["r", "s"],
  types: ["r.card", "s.card"],
  issuers: ["https://one.example", "https://two.example"],
  actions: ["read", "edit"],
  fields: ["f", "g"],
};

const pick = (names: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...names);
const setName = fc.constantFrom("context.read", "context.write");
const magnitude = fc.constantFrom("context.depth", "context.duration", "context.uses");
const field = pick(WORDS.fields).map((name) => `"${name}"`);
const client = pick(WORDS.clients).map((name) => `Client::"${name}"`);
const number = fc.integer({ min: 0, max: 3 }).map(String);

/** Every form that a person might write, whether it may be a guardrail or not. */
const { condition } = fc.letrec<{ condition: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    fc.tuple(setName, field).map(([set, one]) => `${set}.contains(${one})`),
    fc
      .tuple(setName, fc.constantFrom("containsAny", "containsAll"), fc.array(field, { maxLength: 2, minLength: 1 }))
      .map(([set, method, some]) => `${set}.${method}([${some.join(", ")}])`),
    fc
      .tuple(fc.array(field, { minLength: 1, maxLength: 2 }), setName)
      .map(([some, set]) => `[${some.join(", ")}].containsAll(${set})`),
    fc.tuple(setName, field).map(([set, one]) => `${set} == [${one}]`),
    setName.map((set) => `${set}.isEmpty()`),
    fc.constant('context.classes.contains("write")'),
    fc.constant("context.many"),
    fc.tuple(magnitude, fc.constantFrom(">", ">=", "<", "<=", "==", "!="), number).map((parts) => parts.join(" ")),
    fc.tuple(number, fc.constantFrom(">", ">=", "<", "<="), magnitude).map((parts) => parts.join(" ")),
    fc.tuple(fc.constantFrom("==", "!="), client).map(([how, who]) => `principal ${how} ${who}`),
    client.map((who) => `context.actors.contains(${who})`),
    fc
      .tuple(fc.constantFrom("==", "!="), pick(WORDS.types))
      .map(([how, type]) => `context.type ${how} RecordType::"${type}"`),
    fc.constantFrom(
      'context.subject.id == "x"',
      'context.subject.id like "x*"',
      'context.subject.issuer == "https://one.example"',
    ),
  ),
  condition: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: tie("atom") },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
        .map(([a, how, b]) => `(${a} ${how} ${b})`),
    },
    { weight: 1, arbitrary: tie("condition").map((inner) => `!(${inner})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("condition"), tie("condition"), tie("condition"))
        .map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
    },
  ),
}));

const rule = fc
  .tuple(
    fc.constantFrom("principal", 'principal == Client::"ann"'),
    fc.constantFrom("action", 'action == Action::"edit"', 'action in [Action::"edit", Action::"read"]'),
    fc.constantFrom("resource", 'resource == Resource::"r"'),
    fc.array(fc.tuple(fc.constantFrom("when", "when", "when", "unless"), condition), { minLength: 1, maxLength: 2 }),
  )
  .map(
    ([who, what, where, all]) =>
      `@id("one") forbid (${who}, ${what}, ${where}) ${all.map(([kind, text]) => `${kind} { ${text} }`).join(" ")};`,
  );

const smaller = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });

/** A request, and one that asks for no more. */
const pair: fc.Arbitrary<{ wider: UpperBound; narrower: UpperBound }> = fc
  .record(
    {
      client: pick(WORDS.clients),
      actors: fc.subarray([...WORDS.clients], { minLength: 1 }),
      subject: fc.record(
        { issuer: pick(WORDS.issuers), id: fc.constantFrom("x", "xy", "z") },
        { noNullPrototype: true },
      ),
      policy: pick(WORDS.policies),
      action: pick(WORDS.actions),
      resource: pick(WORDS.resources),
      connection: pick(WORDS.connections),
      type: pick(WORDS.types),
      classes: fc.subarray(["read", "write"]),
      read: fc.subarray([...WORDS.fields]),
      write: fc.subarray([...WORDS.fields]),
      many: fc.boolean(),
      depth: smaller(4),
      durationSeconds: smaller(4),
      uses: smaller(4),
    },
    { noNullPrototype: true },
  )
  .chain((wider) =>
    fc
      .record(
        {
          classes: fc.subarray(wider.classes),
          read: fc.subarray(wider.read),
          write: fc.subarray(wider.write),
          many: wider.many ? fc.boolean() : fc.constant(false),
          depth: smaller(wider.depth),
          durationSeconds: smaller(wider.durationSeconds),
          uses: smaller(wider.uses),
        },
        { noNullPrototype: true },
      )
      .map((less) => ({ wider, narrower: { ...wider, ...less } })),
  );

const forbids = (guardrails: Guardrails, bound: UpperBound): boolean => {
  const verdict = guardrails.ask(bound);
  if ("fault" in verdict) throw new Error(verdict.fault);
  return verdict.forbiddenBy.length > 0;
};

test("[guardrails.monotone] whatever is read as a guardrail never forbids the narrower and allows the wider", async () => {
  const seen = { accepted: 0, refused: 0, forbidden: 0, allowed: 0 };
  await fc.assert(
    fc.asyncProperty(rule, fc.array(pair, { minLength: 6, maxLength: 6 }), async (text, pairs) => {
      const faults = createFaults();
      const guardrails = await readGuardrails([{ path: "guardrails/one.cedar", text }], WORDS, faults);
      if (faults.all.length > 0) {
        seen.refused += 1;
        return;
      }
      seen.accepted += 1;
      for (const { wider, narrower } of pairs) {
        if (!forbids(guardrails, narrower)) {
          seen.allowed += 1;
          continue;
        }
        seen.forbidden += 1;
        assert.equal(forbids(guardrails, wider), true, text);
      }
    }),
    { numRuns: 1_500 },
  );
  // a law that met nothing would prove nothing
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 100, `${what}: ${count}`);
});
