import { canonicalJson } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import type { Authority, Constraint, Entry, RecordScope } from "./entry.ts";
import type { ConnectorLookup } from "./parse.ts";

const MAX_SHOWN = 120;

/** Text for a person, with nothing in it that can hide or reorder: control and bidirectional characters are escaped, length is bounded. */
export function shown(text: string): string {
  const escaped = text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}}`,
  );
  return escaped.length <= MAX_SHOWN
    ? escaped
    : `${escaped.slice(0, MAX_SHOWN)} (+${escaped.length - MAX_SHOWN} characters)`;
}

/** Says an authority in sentences that a person can approve, one idea each. */
export const describe = (authority: Authority, known: ConnectorLookup): readonly string[] =>
  authority.flatMap((entry) => describeEntry(entry, known));

function describeEntry(entry: Entry, known: ConnectorLookup): readonly string[] {
  const what = known(entry.type);
  const [resource = entry.type] = entry.type.split(".");
  const title = what?.recordType.title ?? entry.type;
  const target = `${recordText(entry.record, title)} in ${shown(resource)}`;
  const fieldTitle = (name: string): string => what?.recordType.fields[name]?.title ?? name;
  return [
    ...entry.actions.map((action) => actionText(entry, action, target, fieldTitle, wordsOf(what, action))),
    ...(what?.recordType.addressedBy === "name"
      ? [`Known by name only: whatever is called so when a call is made is the ${title} that is meant`]
      : []),
    ...(entry.except.length === 0 ? [] : [`Never: ${entry.except.map(shown).join(", ")}`]),
    ...(entry.limits.uses === undefined
      ? []
      : [`At most ${entry.limits.uses} ${entry.limits.uses === 1 ? "call" : "calls"}`]),
  ];
}

function recordText(record: RecordScope, title: string): string {
  if (record.by === "any") return `any one ${title}`;
  const named =
    record.alias === undefined ? shown(record.identifier) : `${shown(record.alias)} (${shown(record.identifier)})`;
  return record.by === "identifier" ? `${title} ${named}` : `every ${title} within ${shown(record.type)} ${named}`;
}

/** The words of the connector for an action: those of the first operation that does something, or the action's own name. */
function wordsOf(what: ReturnType<ConnectorLookup>, action: string): string {
  const all = Object.values(what?.recordType.operations ?? {}).filter((operation) => operation.action === action);
  return (all.find((operation) => operation.class !== "read") ?? all[0])?.title ?? action;
}

function actionText(
  entry: Entry,
  action: string,
  target: string,
  fieldTitle: (name: string) => string,
  words: string,
): string {
  const conditions = Object.entries(entry.where[action] ?? {}).map(
    ([pointer, constraint]) => `${shown(pointer.slice(1))} ${constraintText(constraint)}`,
  );
  const only = conditions.length === 0 ? "" : `, only with ${conditions.join(" and ")}`;
  if (action === "read") return `Read ${list(entry.fields.read.map(fieldTitle), "no field")} of ${target}${only}`;
  if (action === "edit") return `Change ${list(entry.fields.write.map(fieldTitle), "no field")} of ${target}${only}`;
  return `${words.charAt(0).toUpperCase()}${shown(words.slice(1))} ${target}${only}`;
}

function constraintText(constraint: Constraint): string {
  switch (constraint.kind) {
    case "exact":
      return `exactly ${valueText(constraint.value)}`;
    case "one_of":
      return constraint.values.length === 1
        ? `exactly ${list(constraint.values.map(valueText), "")}`
        : `one of ${list(constraint.values.map(valueText), "")}`;
    case "not_one_of":
      return `anything but ${list(constraint.values.map(valueText), "")}`;
    case "range":
      return [
        constraint.min === undefined ? "" : `at least ${constraint.min}`,
        constraint.max === undefined ? "" : `at most ${constraint.max}`,
      ]
        .filter(Boolean)
        .join(" and ");
    case "all":
      return constraint.of.map(constraintText).join(" and ");
  }
}

const valueText = (value: Json): string => shown(typeof value === "string" ? value : canonicalJson(value));

function list(names: readonly string[], none: string): string {
  if (names.length === 0) return none;
  return names.length === 1 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
