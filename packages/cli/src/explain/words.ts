import {
  type Authority,
  type Constraint,
  describe,
  type Entry,
  isJsonObject,
  type Judged,
  knownTypesOf,
  printConstraint,
  type Refusal,
  REFUSALS,
} from "@remit/core";
import type { Place } from "./place.ts";

/** Why one entry does not permit the call. */
export interface EntryVerdict {
  readonly entry: number;
  readonly gives: readonly string[];
  readonly code: string;
  readonly over: Refusal["over"];
}

/** An entry in sentences; an alias that stands in the place of an identifier is said once. */
export const sentencesOf = (entry: Entry, { connector, resource }: Place): readonly string[] => {
  const { record } = entry;
  const once = record.by !== "any" && record.identifier === record.alias;
  const named = once ? (({ alias: _alias, ...others }) => others)(record) : record;
  return describe([{ ...entry, record: named }], knownTypesOf(connector, resource.name));
};

/** What a request was over, in words. */
export const overText = (over: Refusal["over"]): string =>
  Object.entries(over ?? {})
    .map(([what, names]) => `${OVER[what] ?? what} ${names.join(", ")}`)
    .join("; ");

const OVER: Readonly<Record<string, string>> = {
  record: "the record",
  actions: "the action",
  "fields.read": "reading",
  "fields.write": "writing",
  where: "the value at",
};

/** What a refusal means, in one sentence. */
export const refusalText = ({ code, detail, over }: Refusal): string => {
  const what = overText(over);
  return `${REFUSALS[code].text} (${code}): ${what === "" ? detail : what}`;
};

/** What a call depends on that only the API can say. */
export function dependsText(on: Extract<Judged, { decision: "depends" }>["on"], authority: Authority): string {
  if (on.what === "place")
    return `it depends on what the API says that ${on.type} \`${on.name}\` is part of (asked of ${on.target})`;
  const { as, key, lookup } = on.open;
  const action = on.named.operation.records[0]?.action ?? "";
  const wanted = authority.flatMap(({ where }) => where[action]?.[as] ?? []).map(constraintText);
  const granted = wanted.length === 0 ? "" : `; granted is ${wanted.join(", or ")}`;
  return `it depends on what the API says \`${key}\` means (${as.slice(1)}, asked of ${lookup.path.text})${granted}`;
}

function constraintText(constraint: Constraint): string {
  const printed = printConstraint(constraint);
  return isJsonObject(printed) && "exact" in printed ? JSON.stringify(printed["exact"]) : JSON.stringify(printed);
}
