import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Authority, Constraint, Entry } from "../src/authority/entry.ts";
import { permits } from "../src/authority/permits.ts";
import type { Operation } from "../src/operation.ts";
import { authority, entry, letters, numbers } from "./support/entries.ts";
import { ACTIONS, OPERATIONS, oracle, oracleOf } from "./support/universe.ts";

const RUNS = { numRuns: 300 };

const permittedBy = (held: Authority): ReadonlySet<Operation> =>
  new Set(OPERATIONS.filter((operation) => permits(held, operation).ok));

/** That the second authority permits nothing that the first does not. */
function assertNoMore(before: Authority, after: Authority): void {
  assert.ok(permittedBy(after).isSubsetOf(permittedBy(before)));
}

test("[authority.permits-oracle] a call is permitted exactly where the plainest reading of one entry says so", () => {
  let permitted = 0;
  fc.assert(
    fc.property(authority(true), (held) => {
      for (const operation of OPERATIONS) {
        const decision = permits(held, operation);
        assert.equal(decision.ok, oracleOf(held, operation), operation.name);
        if (!decision.ok) continue;
        permitted++;
        const [at = -1, ...more] = decision.value.entries;
        assert.equal(more.length, 0);
        const one = held[at];
        assert.ok(one !== undefined && oracle(one, operation), "the named entry does not permit it");
      }
    }),
    RUNS,
  );
  assert.ok(permitted > 1_000, `hardly tried: ${permitted}`);
});

test("[authority.permits-reason] the code is the first thing that the closest entry lacks", () => {
  const codes = new Set<string>();
  fc.assert(
    fc.property(entry(true), fc.constantFrom(...OPERATIONS), (held, operation) => {
      const decision = permits([held], operation);
      if (decision.ok) return;
      const [role] = operation.records;
      assert.ok(role !== undefined);
      const open: Entry = { ...held, where: {} };
      const all: Entry = { ...open, fields: { read: ["f", "g"], write: ["f", "g"] } };
      const expected = oracle(open, operation)
        ? "value_not_granted"
        : oracle(all, operation)
          ? "field_not_granted"
          : oracle({ ...all, actions: ACTIONS }, operation)
            ? "operation_not_granted"
            : "record_not_granted";
      codes.add(expected);
      assert.equal(decision.error.code, expected);
    }),
    { numRuns: 2_000 },
  );
  assert.equal(codes.size, 4);
});

test("[authority.constraint-only-narrows] one more constraint never permits more", () => {
  const more = fc.oneof(
    fc.tuple(fc.constantFrom("/f", "/g"), letters).map(([at, one]) => ["edit", at, one] as const),
    letters.map((one) => ["move", "/to", one] as const),
    numbers.map((one) => ["move", "/n", one] as const),
  );
  fc.assert(
    fc.property(entry(true), more, (held, [action, pointer, constraint]) => {
      const before = held.where[action]?.[pointer];
      const both: Constraint = before === undefined ? constraint : { kind: "all", of: [before, constraint] };
      const where = { ...held.where, [action]: { ...held.where[action], [pointer]: both } };
      assertNoMore([held], [{ ...held, where }]);
    }),
    RUNS,
  );
});

test("[authority.less-permits-less] fewer actions, fields or entries, or one more exclusion, never permit more", () => {
  fc.assert(
    fc.property(authority(true), (held) => {
      for (const [at, one] of held.entries()) {
        const instead = (entryInstead: Entry): Authority => held.with(at, entryInstead);
        assertNoMore(held, held.toSpliced(at, 1));
        assertNoMore(held, instead({ ...one, actions: one.actions.slice(1) }));
        const { read, write } = one.fields;
        assertNoMore(held, instead({ ...one, fields: { read: read.slice(1), write } }));
        assertNoMore(held, instead({ ...one, fields: { read, write: write.slice(1) } }));
        assertNoMore(held, instead({ ...one, except: [...one.except, "1"] }));
      }
    }),
    RUNS,
  );
});

test("[authority.one-entry-alone] entries never add up: two that each permit half of a call do not permit it", () => {
  fc.assert(
    fc.property(authority(true), (held) => {
      const union = permittedBy(held);
      const each = held.map((one) => permittedBy([one]));
      for (const operation of union) assert.ok(each.some((one) => one.has(operation)));
    }),
    RUNS,
  );
});

/** A call with its record's name and parents replaced: what an oracle of existence would vary. */
function renamed(operation: Operation, name: string, parents: Operation["records"][number]["parents"]) {
  return {
    ...operation,
    records: operation.records.map((record) => ({ ...record, named: name, parents })),
  };
}

test("[refusal.no-existence] the refusal of an ungranted record says the same whether or not it exists", () => {
  let tried = 0;
  fc.assert(
    fc.property(authority(false), fc.constantFrom(...OPERATIONS), (held, operation) => {
      const decision = permits(held, operation);
      if (decision.ok || decision.error.code !== "record_not_granted") return;
      tried++;
      const [role] = operation.records;
      assert.ok(role !== undefined);
      // the same name, in a world where the record does not exist and so no parent was read
      const absent = permits(held, renamed(operation, role.named, []));
      assert.deepEqual(absent, decision);
      const other = permits(held, renamed(operation, "999", []));
      assert.ok(!other.ok);
      const text = JSON.stringify(decision.error).replaceAll(new RegExp(`(["\`])${role.named}(["\`])`, "g"), "$1999$2");
      assert.equal(JSON.stringify(other.error), text);
    }),
    { numRuns: 600 },
  );
  assert.ok(tried > 100, `hardly tried: ${tried}`);
});

test("[refusal.sufficient-from-request] what would have sufficed depends on the request alone", () => {
  fc.assert(
    fc.property(authority(false), authority(false), fc.constantFrom(...OPERATIONS), (one, other, operation) => {
      const [first, second] = [permits(one, operation), permits(other, operation)];
      if (first.ok || second.ok) return;
      assert.ok(first.error.sufficient !== undefined);
      assert.deepEqual(first.error.sufficient, second.error.sufficient);
    }),
    { numRuns: 600 },
  );
});
