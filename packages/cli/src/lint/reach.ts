import { type Connector, type Field, type RecordType, type ValueSchema } from "@remit/core";
import type { Finding, Rule } from "./finding.ts";
import { placesIn } from "./places-in.ts";

const LEADING =
  /^(?:parent|parents|children|child|sub_?tasks?|links?|issue_?links|related|relations|dependencies|blocks|blocked_by|embedded|included|subscribers|followers|watchers|watches|duplicates?)$/i;
const WIDENING = /^(?:expand|include|includes|embed|with|q|query|jql|soql|sosl|sql|search|filter|where|select)$/i;

/** Fields by which a record says or changes something of another. */
export const foreignFields: Rule = (connector) =>
  Object.values(connector.types).flatMap((type) => [
    ...Object.entries(type.fields).flatMap(([name, field]) => judgeField(connector, type, name, field)),
    ...wideQueries(type),
  ]);

function judgeField(connector: Connector, type: RecordType, name: string, field: Field): readonly Finding[] {
  const path = ["types", type.name, "fields", name];
  const rule = "reaches-other-records";
  const isParent = Object.hasOwn(type.parents, name) || saysParent(type, field);
  const leads = isParent || LEADING.test(name) || LEADING.test(field.at.split("/").at(-1) ?? "");
  if (field.write !== undefined && leads)
    return [
      {
        ...{ rule, severity: "error", path: [...path, "write"] },
        what: `whoever writes \`${name}\` changes what the ${type.title} is part of, or another record`,
        why: "a grant of this record would reach past it",
        fix: "leave `write` out, or make it an operation whose body has a `record` node, so that both records need a grant",
      },
    ];
  const other = field.read === undefined ? undefined : heldType(connector, type, field.read);
  const shows = other !== undefined || (leads && field.read !== undefined && !isNamesOnly(field.read));
  if (field.read === undefined || !shows) return [];
  return [
    {
      ...{ rule, severity: "warning", path: [...path, "read"] },
      what: other === undefined ? `\`${name}\` names other records` : `\`${name}\` holds fields of \`${other}\``,
      why: "a grant of this record would show what nobody granted of another",
      fix: "leave it out, or release only what says nothing of the other record, such as its id",
    },
  ];
}

/** Whether a field is what an answer says of the record's parent: whoever writes it moves the record elsewhere. */
const saysParent = ({ parents }: RecordType, { at }: Field): boolean =>
  Object.values(parents).some(
    (parent) => parent.by === "answer" && parent.at.split("/").includes(at.split("/")[1] ?? ""),
  );

/** Whether a shape says which the other records are, and nothing that is in them. */
const isNamesOnly = (schema: ValueSchema): boolean =>
  placesIn(schema)
    .filter((place) => LEAVES.has(place.schema.kind))
    .every(({ path }) => path.at(-2) === "members" && NAMES.has(path.at(-1) ?? ""));

const LEAVES: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean", "link", "opaque"]);
const NAMES: ReadonlySet<string> = new Set(["id", "key", "number", "uuid", "slug"]);

/** The type of which an object inside this shape has two fields, and so shows a record. */
function heldType(connector: Connector, own: RecordType, schema: ValueSchema): string | undefined {
  const objects = objectsIn(schema);
  return Object.values(connector.types).find(
    (type) =>
      objects.some((members) => members.filter((name) => Object.hasOwn(type.fields, name)).length >= 2) && type !== own,
  )?.name;
}

/** The names of the members of every object within a shape. */
const objectsIn = (schema: ValueSchema): readonly (readonly string[])[] =>
  placesIn(schema).flatMap((place) => (place.schema.kind === "object" ? [Object.keys(place.schema.members)] : []));

function wideQueries(type: RecordType): readonly Finding[] {
  return Object.values(type.operations).flatMap((operation) =>
    Object.entries(operation.query).flatMap(([name, parameter]): readonly Finding[] => {
      const closed =
        parameter.kind !== "value" || parameter.schema.kind !== "string" || parameter.schema.enum !== undefined;
      if (closed || !WIDENING.test(name)) return [];
      return [
        {
          ...{ rule: "reaches-other-records", severity: "error" },
          path: ["types", type.name, "operations", operation.name, "query", name],
          what: `\`${name}\` takes any text`,
          why: "parameters of this name widen what an answer holds, or are a language of their own",
          fix: "leave it out, give it an `enum`, or make it a `constant`",
        },
      ];
    }),
  );
}
