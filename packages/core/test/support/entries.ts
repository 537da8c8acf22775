import fc from "fast-check";
import type { AskedEntry, Authority, Constraint, Entry, RecordScope, Where } from "../../src/authority/entry.ts";
import type { Json } from "../../src/json/read.ts";
import { ACTIONS, FIELDS, LETTERS, LOCATION, NUMBERS, RECORDS, TYPES } from "./universe.ts";

/** Arbitrary authority in the small world. */

const subset = <T>(all: readonly T[], least: number = 0): fc.Arbitrary<readonly T[]> =>
  fc.subarray([...all], { minLength: least });

function leaf(values: readonly Json[]): fc.Arbitrary<Constraint> {
  const some = subset(values, 1);
  const bound = fc.integer({ min: 0, max: 2 });
  return fc.oneof(
    fc.constantFrom(...values).map((one): Constraint => ({ kind: "exact", value: one })),
    some.map((list): Constraint => ({ kind: "one_of", values: list })),
    typeof values[0] === "string"
      ? some.map((list): Constraint => ({ kind: "not_one_of", values: list }))
      : fc.tuple(bound, bound).map(([one, other]): Constraint => ({
          kind: "range",
          ...(one === 0 ? {} : { min: Math.min(one, other) }),
          max: Math.max(one, other),
        })),
  );
}

/** Constraints on one of these values. */
export const constraintOn = (values: readonly Json[]): fc.Arbitrary<Constraint> =>
  fc.oneof(
    { weight: 3, arbitrary: leaf(values) },
    {
      weight: 1,
      arbitrary: fc.array(leaf(values), { minLength: 2, maxLength: 3 }).map((of): Constraint => ({ kind: "all", of })),
    },
  );

export const letters = constraintOn(LETTERS);
export const numbers = constraintOn(NUMBERS);

const pointers = (shape: Record<string, fc.Arbitrary<Constraint>>) =>
  fc.record(shape, { requiredKeys: [], noNullPrototype: true });
/** Constraints by pointer, for each action that has canonical values. */
export const WHERE = {
  edit: pointers({ "/f": letters, "/g": letters }),
  move: pointers({ "/to": letters, "/n": numbers }),
};

/** Any record scope; `any` only where policies may have it. */
export const scope = (held: boolean): fc.Arbitrary<RecordScope> => {
  const [any, identifier, within] = [
    fc.constant<RecordScope>({ by: "any" }),
    fc.constantFrom(...RECORDS).map(({ id, alias }): RecordScope => ({ by: "identifier", identifier: id, alias })),
    fc.constantFrom("7", "8").map((box): RecordScope => ({ by: "within", type: "box", identifier: box })),
  ];
  return held ? fc.oneof(any, identifier, within) : fc.oneof(identifier, within);
};

const parts = {
  type: fc.constantFrom(...TYPES),
  location: fc.constant(LOCATION),
  actions: subset(ACTIONS, 1),
  read: subset(FIELDS),
  write: subset(FIELDS),
  edit: WHERE.edit,
  move: WHERE.move,
  except: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, subset(["1", "2"])),
  uses: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
};

/** Constraints of the actions that are there, without empty ones. */
function whereOf(
  by: Readonly<Record<string, Readonly<Record<string, Constraint | undefined>>>>,
  actions: readonly string[],
): Where {
  const kept = Object.entries(by).flatMap(([action, constraints]) => {
    const set = Object.entries(constraints).flatMap(([pointer, one]) =>
      one === undefined ? [] : [[pointer, one] as const],
    );
    return actions.includes(action) && set.length > 0 ? [[action, Object.fromEntries(set)] as const] : [];
  });
  return Object.fromEntries(kept);
}

/** Complete entries, as grants (`held: false`) or as policies and ceilings hold them. */
export const entry = (held: boolean): fc.Arbitrary<Entry> =>
  fc
    .record({ ...parts, record: scope(held) }, { noNullPrototype: true })
    .map(({ read, write, edit, move, uses, except, ...rest }): Entry => ({
      ...rest,
      // an entry about a record that it excludes says nothing at all
      except: except.filter((id) => rest.record.by !== "identifier" || id !== rest.record.identifier),
      fields: { read, write },
      where: whereOf({ edit, move }, rest.actions),
      limits: uses === undefined ? {} : { uses },
    }));

/** Up to three entries. */
export const authority = (held: boolean): fc.Arbitrary<Authority> =>
  fc.array(entry(held), { minLength: 1, maxLength: 3 });

/** What a caller asks for: an entry with some members left out, most often near to `held`. */
export const asked = (near: Entry): fc.Arbitrary<AskedEntry> =>
  fc.tuple(entry(false), fc.infiniteStream(fc.boolean())).map(([other, coin]) => {
    const pick = <T>(mine: T, theirs: T): T => (coin.next().value === true ? mine : theirs);
    const leave = <T extends object>(member: T): T | {} => pick(member, {});
    const actions = pick(
      near.actions.slice(0, 1),
      other.actions.filter((name) => near.actions.includes(name)),
    );
    return {
      type: near.type,
      location: LOCATION,
      record: near.record.by === "any" ? other.record : pick(near.record, other.record),
      ...leave({ actions: actions.length === 0 ? near.actions : actions }),
      ...leave({ fields: { read: pick(near.fields.read, other.fields.read) } }),
      ...leave({ where: pick(near.where, other.where) }),
      ...leave({ except: pick(near.except, [...new Set([...near.except, ...other.except])]) }),
      ...leave({ limits: other.limits }),
    };
  });
