import { canonicalJson, jsonEqual } from "../json/canonical.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import { err, ok, type Result } from "../result.ts";
import type { Constraint } from "./entry.ts";

/** Whether a canonical value is allowed by a constraint. */
export function satisfies(constraint: Constraint, value: Json): boolean {
  switch (constraint.kind) {
    case "exact":
      return jsonEqual(constraint.value, value);
    case "one_of":
      return constraint.values.some((allowed) => jsonEqual(allowed, value));
    case "not_one_of":
      return !constraint.values.some((excluded) => jsonEqual(excluded, value));
    case "range":
      return (
        typeof value === "number" && value >= (constraint.min ?? -Infinity) && value <= (constraint.max ?? Infinity)
      );
    case "all":
      return constraint.of.every((clause) => satisfies(clause, value));
  }
}

/** Whether everything that `child` allows is also allowed by `parent`; anything that cannot be shown is no. */
export function constraintWithin(child: Constraint, parent: Constraint): boolean {
  if (parent.kind === "all") return parent.of.every((clause) => constraintWithin(child, clause));
  const finite = finiteValues(child);
  if (finite !== undefined) return finite.every((value) => satisfies(parent, value));
  if (child.kind === "all") return child.of.some((clause) => constraintWithin(clause, parent));
  if (child.kind === "range" && parent.kind === "range") {
    return (child.min ?? -Infinity) >= (parent.min ?? -Infinity) && (child.max ?? Infinity) <= (parent.max ?? Infinity);
  }
  if (child.kind === "not_one_of" && parent.kind === "not_one_of") {
    return parent.values.every((excluded) => child.values.some((value) => jsonEqual(value, excluded)));
  }
  return false;
}

function finiteValues(constraint: Constraint): readonly Json[] | undefined {
  if (constraint.kind === "exact") return [constraint.value];
  return constraint.kind === "one_of" ? constraint.values : undefined;
}

const MAX_VALUES = 64;
const MAX_CLAUSES = 8;

/** Reads a constraint: an object with exactly one of the known kinds (`range` takes `min`, `max` or both). */
export function readConstraint(json: Json, depth = 0): Result<Constraint, string> {
  if (!isJsonObject(json)) return err("a constraint is an object");
  const [kind, ...others] = Object.keys(json);
  if (kind === undefined || others.length > 0) return err("a constraint has exactly one member");
  const value = json[kind];
  if (value === undefined) return err("a constraint has exactly one member");
  if (kind === "exact") return ok({ kind, value });
  if (kind === "one_of" || kind === "not_one_of") return readValues(kind, value);
  if (kind === "range") return readRange(value);
  if (kind === "all" && depth === 0) return readAll(value);
  return err(`\`${kind}\` is not a constraint`);
}

function readValues(kind: "one_of" | "not_one_of", value: Json): Result<Constraint, string> {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_VALUES)
    return err(`\`${kind}\` takes 1 to ${MAX_VALUES} values`);
  const values: readonly Json[] = value;
  if (new Set(values.map((item) => canonicalJson(item))).size !== values.length)
    return err(`\`${kind}\` repeats a value`);
  return ok({ kind, values });
}

function readRange(value: Json): Result<Constraint, string> {
  if (!isJsonObject(value)) return err("`range` is an object with `min`, `max` or both");
  const { min, max, ...others } = value;
  if (Object.keys(others).length > 0 || (min === undefined && max === undefined))
    return err("`range` is an object with `min`, `max` or both");
  if ((min !== undefined && typeof min !== "number") || (max !== undefined && typeof max !== "number"))
    return err("`range` takes numbers");
  if (min !== undefined && max !== undefined && min > max) return err("`range` is empty");
  return ok({
    kind: "range",
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  });
}

function readAll(value: Json): Result<Constraint, string> {
  if (!Array.isArray(value) || value.length < 2 || value.length > MAX_CLAUSES)
    return err(`\`all\` takes 2 to ${MAX_CLAUSES} constraints`);
  const of: Constraint[] = [];
  for (const item of value as readonly Json[]) {
    const clause = readConstraint(item, 1);
    if (!clause.ok) return clause;
    of.push(clause.value);
  }
  return ok({ kind: "all", of });
}

/** Prints a constraint as it is written in an entry. */
export function printConstraint(constraint: Constraint): Json {
  switch (constraint.kind) {
    case "exact":
      return { exact: constraint.value };
    case "one_of":
      return { one_of: constraint.values };
    case "not_one_of":
      return { not_one_of: constraint.values };
    case "range":
      return {
        range: {
          ...(constraint.min === undefined ? {} : { min: constraint.min }),
          ...(constraint.max === undefined ? {} : { max: constraint.max }),
        },
      };
    case "all":
      return { all: constraint.of.map(printConstraint) };
  }
}
