import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { constraintWithin, printConstraint, readConstraint, satisfies } from "../src/authority/constraint.ts";
import type { Constraint } from "../src/authority/entry.ts";
import type { Json } from "../src/json/read.ts";
import { constraintOn } from "./support/entries.ts";
import { allows } from "./support/universe.ts";

const VALUES: readonly Json[] = ["x", "y", "z", 0, 1, 2, null, true, ["x"], { x: 1 }];
const mixed = fc.oneof(constraintOn(["x", "y", "z"]), constraintOn([0, 1, 2]));
const range = (min: number | undefined, max: number | undefined): Constraint => ({
  kind: "range",
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});

test("[constraint.oracle] a value satisfies a constraint exactly where the plainest reading says so", () => {
  fc.assert(
    fc.property(mixed, (constraint) => {
      for (const value of VALUES) assert.equal(satisfies(constraint, value), allows(constraint, value));
    }),
  );
});

test("[constraint.within-sound] whatever a constraint within another allows, the other allows", () => {
  let shown = 0;
  fc.assert(
    fc.property(mixed, mixed, (child, parent) => {
      if (!constraintWithin(child, parent)) return;
      shown++;
      for (const value of VALUES) assert.ok(!allows(child, value) || allows(parent, value), JSON.stringify(value));
    }),
    { numRuns: 1_000 },
  );
  assert.ok(shown > 50, "the law was hardly tried");
});

test("[constraint.within-order] lying within is reflexive and transitive", () => {
  let shown = 0;
  fc.assert(
    fc.property(mixed, mixed, mixed, (one, two, three) => {
      assert.ok(constraintWithin(one, one));
      if (!constraintWithin(one, two) || !constraintWithin(two, three)) return;
      shown++;
      assert.ok(constraintWithin(one, three));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(shown > 20, "the law was hardly tried");
});

test("[constraint.within-finite] a finite constraint lies within another exactly where all its values do", () => {
  fc.assert(
    fc.property(fc.subarray(["x", "y", "z", 0, 1, 2], { minLength: 1 }), mixed, (values, parent) => {
      const every = values.every((value) => allows(parent, value));
      assert.equal(constraintWithin({ kind: "one_of", values }, parent), every);
    }),
  );
});

test("[constraint.boundaries] both ends of a range belong to it, and nothing that is not a number", () => {
  const to9: Constraint = range(1, 9);
  for (const value of [1, 9, 1.5]) assert.ok(satisfies(to9, value));
  for (const value of [0, 10, 0.999, "5", null, [5], true]) assert.ok(!satisfies(to9, value));
  assert.ok(satisfies(range(undefined, 9), -1e300));
  assert.ok(satisfies(range(1, undefined), 1e300));
});

test("[constraint.boundaries] equality is that of values: null is one, order of members is nothing, of items all", () => {
  const is = (value: Json): Constraint => ({ kind: "exact", value });
  assert.ok(satisfies(is(null), null));
  assert.ok(satisfies(is({ a: 1, b: 2 }), { b: 2, a: 1 }));
  assert.ok(!satisfies(is([1, 2]), [2, 1]));
  assert.ok(!satisfies(is({ a: 1 }), { a: 1, b: 2 }));
  assert.ok(!satisfies(is("1"), 1));
  // composed and decomposed spellings are different code points
  assert.ok(!satisfies(is("\u00e9"), "e\u0301"));
});

test("[constraint.boundaries] what cannot be shown to lie within does not", () => {
  const not = (...values: Json[]): Constraint => ({ kind: "not_one_of", values });
  const cases: readonly (readonly [child: Constraint, parent: Constraint, within: boolean])[] = [
    [range(1, 5), range(1, 5), true],
    [range(1, 5), range(2, 5), false],
    [range(undefined, 5), range(0, 5), false],
    [range(1, undefined), range(1, 9), false],
    [range(1, 5), { kind: "one_of", values: [1, 2, 3, 4, 5] }, false],
    [not("x", "y"), not("x"), true],
    [not("x"), not("x", "y"), false],
    [not("x", "y"), { kind: "one_of", values: ["z"] }, false],
    [{ kind: "all", of: [range(0, 9), range(3, 4)] }, range(3, 5), true],
    [{ kind: "all", of: [range(0, 4), range(3, 9)] }, range(3, 4), false],
    [range(3, 4), { kind: "all", of: [range(0, 4), range(3, 9)] }, true],
    [range(3, 5), { kind: "all", of: [range(0, 4), range(3, 9)] }, false],
  ];
  for (const [child, parent, within] of cases)
    assert.equal(constraintWithin(child, parent), within, JSON.stringify([child, parent]));
});

test("[constraint.parse-print] a printed constraint reads back as the same", () => {
  fc.assert(
    fc.property(mixed, (constraint) => {
      const read = readConstraint(printConstraint(constraint));
      assert.ok(read.ok);
      assert.deepEqual(read.value, constraint);
    }),
  );
});

test("[constraint.closed] anything but exactly one known constraint is refused, with what it should be", () => {
  const clause = { exact: 1 };
  const cases: readonly (readonly [json: Json, says: RegExp])[] = [
    [null, /is an object/],
    ["x", /is an object/],
    [["x"], /is an object/],
    [{}, /exactly one member/],
    [{ exact: 1, one_of: [1] }, /exactly one member/],
    [{ like: "x*" }, /`like` is not a constraint/],
    [{ Exact: 1 }, /`Exact` is not a constraint/],
    [{ one_of: [] }, /1 to 64/],
    [{ one_of: "x" }, /1 to 64/],
    [{ one_of: Array.from({ length: 65 }, (_none, n) => n) }, /1 to 64/],
    [{ one_of: ["x", "x"] }, /repeats/],
    [
      {
        one_of: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      },
      /repeats/,
    ],
    [{ not_one_of: [] }, /1 to 64/],
    [{ range: {} }, /`min`, `max` or both/],
    [{ range: [1, 2] }, /`min`, `max` or both/],
    [{ range: { min: 1, step: 1 } }, /`min`, `max` or both/],
    [{ range: { min: "1" } }, /takes numbers/],
    [{ range: { max: null } }, /takes numbers/],
    [{ range: { min: 2, max: 1 } }, /is empty/],
    [{ all: [clause] }, /2 to 8/],
    [{ all: Array.from({ length: 9 }, () => clause) }, /2 to 8/],
    [{ all: clause }, /2 to 8/],
    [{ all: [clause, { all: [clause, clause] }] }, /`all` is not a constraint/],
    [{ all: [clause, { like: "x" }] }, /`like` is not a constraint/],
  ];
  for (const [json, says] of cases) {
    const read = readConstraint(json);
    assert.ok(!read.ok, JSON.stringify(json));
    assert.match(read.error, says);
  }
  assert.ok(readConstraint({ range: { min: 2, max: 2 } }).ok);
  assert.ok(readConstraint({ one_of: Array.from({ length: 64 }, (_none, n) => n) }).ok);
});
