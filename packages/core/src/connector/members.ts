import type { BodyNode, Connector, OperationSpec, RecordType, ValueSchema } from "./connector.ts";

/** The names of the types that entries can be for; the others are there to be parents. */
export const callableTypes = ({ types }: Pick<Connector, "types">): readonly string[] =>
  Object.values(types)
    .filter(({ operations }) => Object.keys(operations).length > 0)
    .map(({ name }) => name);

/** The canonical values that operations of an action have, by pointer, with their shapes: what `where` may speak about. */
export function memberSchemas(type: RecordType, action: string): Readonly<Record<string, ValueSchema>> {
  return Object.fromEntries(
    Object.values(type.operations)
      .filter((operation) => operation.action === action)
      .flatMap((operation) => membersOf(type, operation)),
  );
}

/** The canonical values of one operation, one for each place that it is taken from. */
export function membersOf(type: RecordType, operation: OperationSpec): readonly Member[] {
  const found: Member[] = [];
  for (const parameter of Object.values(operation.query))
    if (parameter.kind === "value") found.push([parameter.as, parameter.schema]);
  if (operation.body !== undefined) collect(operation.body.root, type, found);
  return found;
}

type Member = readonly [pointer: string, schema: ValueSchema];

function collect(node: BodyNode, type: RecordType, into: Member[]): void {
  switch (node.kind) {
    case "object":
      for (const member of Object.values(node.members)) collect(member.node, type, into);
      return;
    case "fields":
      for (const [name, field] of Object.entries(type.fields)) {
        if (field.write !== undefined) into.push([`/${name}`, schemaAt(field.write.schema, field.write.canonical)]);
      }
      return;
    case "value":
      into.push([node.as, node.schema]);
      return;
    case "lookup":
      // what is decided is the value found, not the caller's key; the upstream's names are texts
      into.push([node.as, { kind: "string", max: 256 }]);
      return;
  }
}

/** The shape of the value at a pointer inside a value of this shape. */
export function schemaAt(schema: ValueSchema, pointer: string): ValueSchema {
  if (pointer === "") return schema;
  const [, first = "", ...rest] = pointer.split("/");
  const inner = schema.kind === "object" ? schema.members[first] : undefined;
  if (inner === undefined) throw new RangeError(`the shape has nothing at \`${pointer}\``);
  return schemaAt(inner, rest.length === 0 ? "" : `/${rest.join("/")}`);
}
