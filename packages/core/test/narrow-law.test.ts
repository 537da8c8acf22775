import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Authority, Entry } from "../src/authority/entry.ts";
import { isWithin, narrow } from "../src/authority/narrow.ts";
import { permits } from "../src/authority/permits.ts";
import { asked, authority, entry } from "./support/entries.ts";
import { OPERATIONS, oracleOf, parentsOf } from "./support/universe.ts";

const RUNS = { numRuns: 400 };

/** Held authority, and requests that are often near to it. */
const heldAndAsked = authority(true).chain((held) =>
  fc.tuple(
    fc.constant(held),
    fc.array(
      fc.nat({ max: held.length - 1 }).chain((at) => asked(held[at] ?? (held[0] as Entry))), // as: never empty
      { minLength: 1, maxLength: 2 },
    ),
  ),
);

const usesOf = ({ limits }: Entry): number => limits.uses ?? Infinity;

test("[authority.narrow-never-widens] whatever a narrowed authority permits, in all calls of the world, the held one does", () => {
  let narrowed = 0;
  let permitted = 0;
  fc.assert(
    fc.property(heldAndAsked, ([held, wanted]) => {
      const child = narrow(held, wanted, parentsOf);
      if (!child.ok) return;
      narrowed++;
      for (const operation of OPERATIONS) {
        if (!oracleOf(child.value, operation)) continue;
        permitted++;
        assert.ok(oracleOf(held, operation), operation.name);
      }
    }),
    // few of the generated pairs narrow, so many are made: none of the counts below is a matter of luck
    { numRuns: 3 * RUNS.numRuns },
  );
  assert.ok(narrowed > 40 && permitted > 400, `hardly tried: ${narrowed}, ${permitted}`);
});

test("[authority.narrow-never-widens] permits agrees with narrow: what it permits of the child it permits of the parent", () => {
  fc.assert(
    fc.property(heldAndAsked, ([held, wanted]) => {
      const child = narrow(held, wanted, parentsOf);
      if (!child.ok) return;
      for (const operation of OPERATIONS)
        if (permits(child.value, operation).ok) assert.ok(permits(held, operation).ok);
    }),
    RUNS,
  );
});

test("[authority.narrow-one-parent] every narrowed entry lies in one held entry alone, with its uses", () => {
  fc.assert(
    fc.property(heldAndAsked, ([held, wanted]) => {
      const child = narrow(held, wanted, parentsOf);
      if (!child.ok) return;
      for (const below of child.value) {
        const above = held.filter(
          (one) =>
            usesOf(below) <= usesOf(one) && OPERATIONS.every((op) => !oracleOf([below], op) || oracleOf([one], op)),
        );
        assert.notEqual(above.length, 0);
      }
    }),
    RUNS,
  );
});

test("[authority.narrow-reflexive] every authority lies within itself, and asking for all of an entry gives that entry", () => {
  fc.assert(
    fc.property(authority(true), (held) => {
      assert.ok(isWithin(held, held, parentsOf));
      for (const one of held) assert.deepEqual(narrow([one], [one]), { ok: true, value: [one] });
    }),
    RUNS,
  );
});

test("[authority.narrow-transitive] a grandchild lies within the first authority", () => {
  let tried = 0;
  const three = entry(true).chain((held) => fc.tuple(fc.constant(held), asked(held), fc.infiniteStream(asked(held))));
  fc.assert(
    fc.property(three, ([held, first, more]) => {
      const child = narrow([held], [first], parentsOf);
      if (!child.ok) return;
      for (const second of more.take(8)) {
        const grandchild = narrow(child.value, [second], parentsOf);
        if (!grandchild.ok) continue;
        tried++;
        assert.ok(isWithin(grandchild.value, [held], parentsOf));
        assert.deepEqual(narrow([held], grandchild.value, parentsOf), grandchild);
      }
    }),
    RUNS,
  );
  assert.ok(tried > 100, `hardly tried: ${tried}`);
});

test("[authority.narrow-never-trims] what was asked is what is granted: all of it, or nothing", () => {
  fc.assert(
    fc.property(heldAndAsked, ([held, wanted]) => {
      const child = narrow(held, wanted, parentsOf);
      if (!child.ok) return;
      assert.equal(child.value.length, wanted.length);
      for (const [at, want] of wanted.entries()) {
        const got: Entry | undefined = child.value[at];
        assert.ok(got !== undefined);
        assert.deepEqual(got.record, want.record);
        if (want.actions !== undefined) assert.deepEqual(got.actions, want.actions);
        if (want.fields?.read !== undefined) assert.deepEqual(got.fields.read, want.fields.read);
        if (want.except !== undefined) assert.deepEqual(got.except, want.except);
        if (want.limits?.uses !== undefined) assert.equal(got.limits.uses, want.limits.uses);
        for (const [action, by] of Object.entries(want.where ?? {}))
          for (const [pointer, constraint] of Object.entries(by))
            assert.deepEqual(got.where[action]?.[pointer], constraint);
      }
    }),
    RUNS,
  );
});

test("[authority.issue-and-call-agree] a call is permitted exactly if authority for only that call can be narrowed out", () => {
  const pairs = fc.tuple(entry(true), fc.constantFrom(...OPERATIONS));
  let permitted = 0;
  fc.assert(
    fc.property(pairs, ([held, operation]) => {
      const [role] = operation.records;
      assert.ok(role !== undefined);
      const values = Object.entries(operation.members).map(
        ([pointer, value]) => [pointer, { kind: "exact", value }] as const,
      );
      const only = narrow(
        [held],
        [
          {
            type: role.type,
            location: operation.location,
            record: { by: "identifier", identifier: role.named },
            actions: [role.action],
            fields: { read: operation.read, write: operation.write },
            ...(values.length === 0 ? {} : { where: { [role.action]: Object.fromEntries(values) } }),
          },
        ],
        parentsOf,
      );
      if (only.ok) permitted++;
      assert.equal(only.ok, permits([held], operation).ok);
    }),
    { numRuns: 4_000 },
  );
  assert.ok(permitted > 100, `hardly tried: ${permitted}`);
});

test("[authority.narrow-order-free] the order of held entries changes nothing", () => {
  fc.assert(
    fc.property(heldAndAsked, ([held, wanted]) => {
      const reversed: Authority = held.toReversed();
      assert.deepEqual(narrow(held, wanted, parentsOf), narrow(reversed, wanted, parentsOf));
    }),
    RUNS,
  );
});
