import type { BodyNode } from "./body.ts";
import type { Connector, OperationSpec, RecordType } from "./connector.ts";
import { schemaAt, type ValueSchema } from "./schema.ts";

/** The names of the types that entries can be for; the others are there to be parents. */
export const callableTypes = ({ types }: Pick<Connector, "types">): readonly string[] =>
  Object.values(types)
    .filter(({ operations }) => Object.keys(operations).length > 0)
    .map(({ name }) => name);

/** The names of the types of which one record can be asked for by its name, because it can be found by it. */
export const nameableTypes = ({ types }: Pick<Connector, "types">): readonly string[] =>
  callableTypes({ types }).filter((name) => types[name]?.resolve !== undefined);

/** The canonical values that operations of an action have, by pointer, with their shapes: what `where` may speak about. */
export function memberSchemas(type: RecordType, action: string): Readonly<Record<string, ValueSchema>> {
  const operations = Object.values(type.operations).filter(
    (operation) => operation.action === action || neededBy(operation).includes(action),
  );
  const filtered = operations.every(({ response }) => response.kind === "list") ? operations.flatMap(filteredBy) : [];
  return Object.fromEntries([...filtered, ...operations.flatMap((operation) => membersOf(type, operation))]);
}

/** An action that is nothing but a list may be bounded by what its items are filtered by. */
function filteredBy({ action, response }: OperationSpec): readonly Member[] {
  if (response.kind !== "list" || response.only?.action !== action) return [];
  const { member, from } = response.only;
  return [[member, schemaAt(response.item, from)]];
}

/** Actions that some member of the body needs besides the operation's own. */
const neededBy = (operation: OperationSpec): readonly string[] =>
  bodyNodes(operation).flatMap((node) =>
    node.kind === "object" || node.kind === "opaque"
      ? Object.values(node.members).flatMap((member) => member.needs ?? [])
      : [],
  );

/** The canonical values of one operation, one for each place that it is taken from. */
export function membersOf(type: RecordType, operation: OperationSpec): readonly Member[] {
  const found: Member[] = [];
  for (const { as, schema, lookup } of Object.values(operation.params))
    found.push([as, lookup === undefined ? schema : LOOKED_UP]);
  for (const parameter of Object.values(operation.query))
    if (parameter.kind === "value") found.push([parameter.as, parameter.schema]);
  for (const node of bodyNodes(operation)) found.push(...valuesOf(node, type));
  return found;
}

type Member = readonly [pointer: string, schema: ValueSchema];

/** What is decided is the value found, not the caller's key; the upstream's names are texts. */
const LOOKED_UP: ValueSchema = { kind: "string", max: 256 };

const FACT: ValueSchema = { kind: "string", max: 128 };

/** The canonical values of one place of a body. */
export function valuesOf(node: BodyNode, type: RecordType): readonly Member[] {
  switch (node.kind) {
    case "fields":
      return Object.entries(type.fields).flatMap(([name, { write }]) =>
        write === undefined || node.only?.includes(name) === false
          ? []
          : [[`/${name}`, schemaAt(write.schema, write.canonical)] as const],
      );
    case "verbs":
      return Object.entries(type.fields).flatMap(([name, { verbs }]) =>
        Object.entries(verbs).map(([verb, schema]) => [`/${name}/${verb}`, schema] as const),
      );
    case "value":
      return [[node.as, node.schema]];
    case "lookup":
      return [[node.as, LOOKED_UP]];
    case "entry":
      return "as" in node.key ? [[node.key.as, node.key.schema]] : [];
    case "opaque":
      return node.as === undefined ? [] : [[node.as, { kind: "opaque" }]];
    case "archive":
      return Object.keys(node.gives).map((pointer) => [pointer, FACT] as const);
    case "object":
    case "constant":
    case "text":
    case "link":
    case "record":
      return [];
  }
}

/** Every place of an operation's body, from the outside in. */
export function bodyNodes({ body }: OperationSpec): readonly BodyNode[] {
  const found: BodyNode[] = [];
  const visit = (node: BodyNode): void => {
    found.push(node);
    if (node.kind === "object" || node.kind === "opaque")
      for (const member of Object.values(node.members)) visit(member.node);
    if (node.kind === "entry") visit(node.node);
  };
  if (body !== undefined) visit(body.root);
  return found;
}
