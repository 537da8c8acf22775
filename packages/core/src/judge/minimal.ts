import type { Authority, Constraint, Entry, Where } from "../authority/entry.ts";
import { permits } from "../authority/permits.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import type { Operation } from "../operation.ts";

/** The authority without every member that none of these operations needs. */
export function minimal(authority: Authority, operations: readonly Operation[]): Authority {
  // calls that are the same in canonical form are decided the same
  const distinct = [
    ...new Map(operations.map((operation) => [canonicalJson(operationKey(operation)), operation])).values(),
  ];
  let kept = authority;
  for (;;) {
    const less = withoutOne(kept).find((smaller) => distinct.every((operation) => permits(smaller, operation).ok));
    if (less === undefined) return kept;
    kept = less;
  }
}

const operationKey = ({ name, records, read, write, members }: Operation): Json => [
  name,
  records.map(({ type, action, also = [], named }) => [type, action, also, named]),
  ...[read, write, members],
];

/** Every authority that has one member less: an entry, an action, a field, or one of several values. */
export const withoutOne = (authority: Authority): readonly Authority[] =>
  authority.flatMap((entry, index) => {
    const others = (instead: readonly Entry[]): Authority => authority.toSpliced(index, 1, ...instead);
    return [others([]), ...lesser(entry).map((one) => others([one]))];
  });

function lesser(entry: Entry): readonly Entry[] {
  const { read, write } = entry.fields;
  return [
    ...(entry.actions.length === 1 ? [] : entry.actions.map((action) => withoutAction(entry, action))),
    ...read.map((name) => ({ ...entry, fields: { read: read.filter((one) => one !== name), write } })),
    ...write.map((name) => ({ ...entry, fields: { read, write: write.filter((one) => one !== name) } })),
    ...lesserValues(entry.where).map((where) => ({ ...entry, where })),
  ];
}

const withoutAction = (entry: Entry, action: string): Entry => ({
  ...entry,
  actions: entry.actions.filter((one) => one !== action),
  where: Object.fromEntries(Object.entries(entry.where).filter(([one]) => one !== action)),
});

const lesserValues = (where: Where): readonly Where[] =>
  Object.entries(where).flatMap(([action, pointers]) =>
    Object.entries(pointers).flatMap(([pointer, constraint]) =>
      fewer(constraint).map((one) => ({ ...where, [action]: { ...pointers, [pointer]: one } })),
    ),
  );

const fewer = (constraint: Constraint): readonly Constraint[] =>
  constraint.kind !== "one_of" || constraint.values.length < 2
    ? []
    : constraint.values.map((_, index) => ({ kind: "one_of", values: constraint.values.toSpliced(index, 1) }));
