import { type FlatLeaf, type FlatQuery, type FlatStep, isJsonObject, type Json } from "@remit/core";
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";

/** Bounds of what is parsed: a query for one record is short. */
const LIMITS = { noLocation: true, maxTokens: 1_000 };
const MAX_DEPTH = 8;
/** Fragments within fragments say more than their length: so many selections are looked at, each time they are put in. */
const MAX_SELECTIONS = 1_000;
const MEMBERS = ["query", "variables", "operationName"];

/** Why a query is not one way to one record; never leaves this file. */
class OtherForm extends Error {}

const other = (what: string): never => {
  throw new OtherForm(what);
};

/**
 * A GraphQL request with its fragments and variables put in, as one way from the root to the leaves of one record. What
 * asks for more than one record, for the schema, or in a way that could mean several things is a text that says why.
 */
export function readQuery(body: Json | undefined): FlatQuery | string {
  if (!isJsonObject(body)) return "the body is a GraphQL request";
  const odd = Object.keys(body).find((name) => !MEMBERS.includes(name));
  const { query, variables, operationName } = body;
  if (odd !== undefined || typeof query !== "string") return "the body has `query`, `variables` and `operationName`";
  try {
    const document = parse(query, LIMITS);
    return flatten(document, variables ?? {}, operationName ?? undefined);
  } catch (error) {
    if (error instanceof OtherForm) return error.message;
    // what does not parse is an expected answer here, and its text may quote the caller
    if (error instanceof Error && error.name === "GraphQLError") return "the query does not parse";
    throw error;
  }
}

interface Reading {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly used: Set<string>;
  readonly variable: (name: string) => Json;
  /** How many selections were looked at. */
  looked: number;
}

function flatten(document: DocumentNode, variables: Json, operationName: Json | undefined): FlatQuery {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const [operation] = operations;
  if (operation === undefined || operations.length + fragments.length !== document.definitions.length)
    return other("the document has definitions that are not executable");
  if (operations.length > 1) return other("the document holds several operations");
  if (operation.operation !== OperationTypeNode.QUERY) return other("the operation is no query");
  if (operationName !== undefined && operationName !== operation.name?.value)
    return other("the operation has another name");
  const byName = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  if (byName.size !== fragments.length) return other("a fragment is defined twice");
  const reading = {
    fragments: byName,
    used: new Set<string>(),
    variable: variablesOf(operation, variables),
    looked: 0,
  };
  if ((operation.directives ?? []).length > 0) return other("the query has a directive");
  const found = descend(reading, operation.selectionSet);
  if (reading.used.size !== byName.size) return other("a fragment is not used");
  return found;
}

/** Values of variables: given or by default, and only those that the query declares. */
function variablesOf(
  {
    variableDefinitions = [],
  }: Extract<DocumentNode["definitions"][number], { kind: typeof Kind.OPERATION_DEFINITION }>,
  given: Json,
): (name: string) => Json {
  if (!isJsonObject(given)) return other("`variables` is an object");
  const known = new Map(variableDefinitions.map((definition) => [definition.variable.name.value, definition]));
  if (known.size !== variableDefinitions.length || Object.keys(given).some((name) => !known.has(name)))
    return other("the variables are not those of the query");
  if (variableDefinitions.some(({ directives = [] }) => directives.length > 0))
    return other("a variable has a directive");
  return (name) => {
    const { defaultValue } = known.get(name) ?? other("a variable is not declared");
    if (Object.hasOwn(given, name)) return given[name] ?? null;
    return defaultValue === undefined
      ? other("a variable has no value")
      : valueOf(defaultValue, () => other("a default is no constant"));
  };
}

function valueOf(value: ValueNode, variable: Reading["variable"]): Json {
  switch (value.kind) {
    case Kind.STRING:
      return value.value;
    case Kind.INT:
      return /^-?(?:0|[1-9][0-9]{0,14})$/.test(value.value) ? Number(value.value) : other("a number is out of bounds");
    case Kind.BOOLEAN:
      return value.value;
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variable(value.name.value);
    case Kind.ENUM:
    case Kind.FLOAT:
    case Kind.LIST:
    case Kind.OBJECT:
      return other("an argument is no text, whole number or truth value");
  }
}

interface Selected {
  readonly field: FieldNode;
  readonly on: readonly string[];
}

/** The fields of a selection, with its fragments put in. */
function fieldsOf(reading: Reading, set: SelectionSetNode, on: readonly string[], depth: number): readonly Selected[] {
  if (depth > MAX_DEPTH) return other("the query is too deep");
  return set.selections.flatMap((selection): readonly Selected[] => {
    if (++reading.looked > MAX_SELECTIONS) return other("the query is too large");
    if ((selection.directives ?? []).length > 0) return other("a selection has a directive");
    switch (selection.kind) {
      case Kind.FIELD:
        return selection.name.value.startsWith("__")
          ? other("the query asks for the schema")
          : [{ field: selection, on }];
      case Kind.INLINE_FRAGMENT: {
        const type = selection.typeCondition?.name.value;
        return fieldsOf(reading, selection.selectionSet, type === undefined ? on : [...on, type], depth + 1);
      }
      case Kind.FRAGMENT_SPREAD: {
        const fragment = reading.fragments.get(selection.name.value) ?? other("a fragment is not defined");
        if ((fragment.directives ?? []).length > 0) return other("a fragment has a directive");
        reading.used.add(fragment.name.value);
        return fieldsOf(reading, fragment.selectionSet, [...on, fragment.typeCondition.name.value], depth + 1);
      }
    }
  });
}

const keyOf = ({ name, alias }: FieldNode): string =>
  alias?.value.startsWith("__") === true ? other("a name is reserved") : (alias ?? name).value;

/** Goes down as long as there is one field with fields of its own; what is below the last of them are leaves. */
function descend(reading: Reading, root: SelectionSetNode): FlatQuery {
  const steps: FlatStep[] = [];
  let below = fieldsOf(reading, root, [], 0);
  if (below.some(({ on }) => on.some((type) => type !== "Query"))) return other("a fragment is on another type");
  for (;;) {
    const [only, ...more] = below;
    const set = only?.field.selectionSet;
    const isStep =
      only !== undefined && more.length === 0 && set !== undefined && (only.field.arguments ?? []).length > 0;
    if (!isStep) break;
    if (steps.length >= MAX_DEPTH) return other("the query is too deep");
    const next = fieldsOf(reading, set, [], 0);
    const on = [...new Set(next.flatMap((selected) => selected.on))];
    steps.push({
      name: only.field.name.value,
      key: keyOf(only.field),
      arguments: argumentsOf(reading, only.field),
      on,
    });
    below = next;
  }
  const leaves = below.map(({ field }) => leafOf(reading, field));
  const keys = leaves.map(({ key }) => key);
  if (steps.length === 0 || leaves.length === 0) return other("the query asks for no single record");
  return new Set(keys).size === keys.length ? { steps, leaves } : other("two fields have one name");
}

function argumentsOf(reading: Reading, field: FieldNode): Readonly<Record<string, Json>> {
  const args = (field.arguments ?? []).map(
    ({ name, value }) => [name.value, valueOf(value, reading.variable)] as const,
  );
  return new Set(args.map(([name]) => name)).size === args.length
    ? Object.fromEntries(args)
    : other("an argument is given twice");
}

function leafOf(reading: Reading, field: FieldNode): FlatLeaf {
  if ((field.arguments ?? []).length > 0) return other("a field of the record has arguments");
  const inside = field.selectionSet === undefined ? [] : fieldsOf(reading, field.selectionSet, [], 0);
  const select = inside.map(({ field: leaf, on }) =>
    leaf.selectionSet !== undefined || (leaf.arguments ?? []).length > 0 || on.length > 0
      ? other("a field of the record goes on to other records")
      : { name: leaf.name.value, key: keyOf(leaf) },
  );
  if (new Set(select.map(({ key }) => key)).size !== select.length) return other("two fields have one name");
  return { name: field.name.value, key: keyOf(field), select };
}
