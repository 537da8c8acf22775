import type { Entry } from "../authority/entry.ts";
import type { Connector, OperationSpec, RecordType } from "../connector/connector.ts";
import { identityKey } from "../connector/parse-graphql.ts";
import type { GraphqlArgument, GraphqlSpec } from "../connector/graphql-spec.ts";
import { type Parts, readSpelled } from "../connector/spelling.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { ResourceName } from "./name-operation.ts";
import type { GraphqlShape, Named } from "./named.ts";
import { type Routed, spelledBy } from "./route.ts";

/** A GraphQL query with its fragments and variables put in: one way from the root to leaves. */
export interface FlatQuery {
  readonly steps: readonly FlatStep[];
  readonly leaves: readonly FlatLeaf[];
}

export interface FlatStep {
  readonly name: string;
  /** The name under which the caller wants it: an alias or the name itself. */
  readonly key: string;
  readonly arguments: Readonly<Record<string, Json>>;
  /** Types that fragments within it are on. */
  readonly on: readonly string[];
}

export interface FlatLeaf {
  readonly name: string;
  readonly key: string;
  readonly select: readonly { readonly name: string; readonly key: string }[];
}

/** The operations of a connector that are said at a GraphQL door. */
export const graphqlAt = (
  connector: Connector,
  method: string,
  path: string,
): readonly { readonly type: RecordType; readonly spec: OperationSpec; readonly graphql: GraphqlSpec }[] =>
  Object.values(connector.types).flatMap((type) =>
    Object.values(type.operations).flatMap((spec) =>
      spec.graphql !== undefined && spec.method === method && spec.path.text === path
        ? [{ type, spec, graphql: spec.graphql }]
        : [],
    ),
  );

/** Finds the one typed operation that a query is, and brings it to canonical form. */
export function nameGraphql(
  connector: Connector,
  path: string,
  resource: ResourceName,
  query: FlatQuery,
): Result<Named, Refusal> {
  for (const { type, spec, graphql } of graphqlAt(connector, "POST", path)) {
    const name = nameOf(query, graphql, type);
    if (name === undefined) continue;
    return nameOne({ connector, type, spec, params: {}, ...name }, graphql, resource, query);
  }
  return err(refuse("operation_unknown", "no operation of the connector is this query"));
}

/** The record that a query names, where its steps are those of an operation. */
function nameOf(query: FlatQuery, { steps }: GraphqlSpec, type: RecordType): Pick<Routed, "named" | "by"> | undefined {
  if (query.steps.length !== steps.length) return undefined;
  const parts: Record<string, string> = {};
  for (const [index, step] of steps.entries()) {
    const said = query.steps[index];
    if (said?.name !== step.field || said.on.some((on) => on !== step.type)) return undefined;
    if (Object.keys(said.arguments).toSorted().join() !== Object.keys(step.arguments).toSorted().join())
      return undefined;
    for (const [name, argument] of Object.entries(step.arguments)) {
      const value = partOf(said.arguments[name], argument);
      if (value === undefined) return undefined;
      parts[argument.part] = value;
    }
  }
  const byIdentifier = spelledBy(type.identifier, Object.keys(parts), parts);
  if (byIdentifier !== undefined) return { named: byIdentifier, by: "identifier" };
  const byAlias = type.alias === undefined ? undefined : spelledBy(type.alias, Object.keys(parts), parts);
  return byAlias === undefined ? undefined : { named: byAlias, by: "alias" };
}

function partOf(value: Json | undefined, { as }: GraphqlArgument): string | undefined {
  if (as === "string") return typeof value === "string" ? value : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : undefined;
}

function nameOne(
  routed: Routed,
  { fields }: GraphqlSpec,
  resource: ResourceName,
  { steps, leaves }: FlatQuery,
): Result<Named, Refusal> {
  const { type, spec, named } = routed;
  const fullType = `${resource.name}.${type.name}`;
  const about = { operation: `${fullType}.${spec.name}`, alias: named };
  const read = new Set<string>();
  const asked: GraphqlShape["leaves"][number][] = [];
  for (const { name, key, select } of leaves) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const within = field !== undefined && select.every((leaf) => field.select.includes(leaf.name));
    if (field === undefined || !within || (select.length === 0) !== (field.select.length === 0))
      return err(
        refuse("field_not_granted", "a field that cannot be granted", { ...about, over: { "fields.read": [name] } }),
      );
    read.add(field.field);
    asked.push({ key, field: field.field, select });
  }
  return ok({
    routed,
    operation: {
      ...{ name: about.operation, location: resource.location, class: spec.class },
      records: [{ role: "record", type: fullType, action: spec.action, named, parents: [] }],
      ...{ read: [...read].sort(), write: [], members: {} },
      fieldPointers: Object.keys(type.fields).map((field) => `/${field}`),
    },
    ...{ allFields: false, lookups: [], body: undefined },
    graphql: { path: steps.map(({ key }) => key), leaves: asked },
  });
}

/** The query that goes upstream: the connector's own, with the decided record and fields in it. */
export function graphqlBody(named: Named, pinnedId: string, entry: Entry, graphql: GraphqlSpec): string {
  const { type, named: spelled } = named.routed;
  const parts: Parts = {
    ...(type.alias === undefined ? {} : readSpelled(type.alias, spelled)),
    ...readSpelled(type.identifier, pinnedId),
  };
  const granted = named.operation.read.filter((field) => entry.fields.read.includes(field));
  const leaves = Object.entries(graphql.fields)
    .filter(([, { field }]) => granted.includes(field))
    .map(([name, { field, select }]) => `${field}:${name}${select.length === 0 ? "" : `{${select.join(" ")}}`}`);
  const text = graphql.steps.reduceRight((inner, { field, arguments: args, identity }, index) => {
    const said = Object.entries(args).map(([name, argument]) => `${name}:${literal(parts[argument.part], argument)}`);
    const own = Object.values(identity).map((leaf, at) => `${identityKey(index, at)}:${leaf}`);
    return `${field}${said.length === 0 ? "" : `(${said.join(",")})`}{${[...own, inner].join(" ")}}`;
  }, leaves.join(" "));
  return JSON.stringify({ query: `query{${text}}` });
}

function literal(value: string | undefined, { as }: GraphqlArgument): string {
  if (value === undefined) throw new RangeError("a part of the record's name is not known");
  // GraphQL strings are written like those of JSON, and its integers like digits
  return as === "string" ? JSON.stringify(value) : String(Number(value));
}

/** A released answer under the names that the caller gave to what it asked for. */
export function shapeGraphql(released: Json | undefined, fields: string, shape: GraphqlShape): Json {
  let record: Json | undefined = released;
  for (const step of fields.slice(1).split("/")) record = isJsonObject(record) ? record[step] : undefined;
  const known = isJsonObject(record) ? record : {};
  const answer = Object.fromEntries(
    shape.leaves.map(({ key, field, select }) => [
      key,
      select.length === 0 ? (known[field] ?? null) : inner(known[field], select),
    ]),
  );
  return { data: shape.path.reduceRight<Json>((within, key) => ({ [key]: within }), answer) };
}

const inner = (value: Json | undefined, select: GraphqlShape["leaves"][number]["select"]): Json =>
  isJsonObject(value) ? Object.fromEntries(select.map(({ key, name }) => [key, value[name] ?? null])) : null;
