import type { QueryParameter } from "../connector/connector.ts";
import type { ValueSchema } from "../connector/schema.ts";
import type { Head } from "../http-head.ts";
import type { Json } from "../json/read.ts";
import { type FormFault, queryFault, type Reading } from "./named.ts";
import type { Routed } from "./route.ts";
import { conforms } from "./values.ts";

const ANY = ["*/*", "application/*", "application/json"];

/** A caller may ask for what it gets anyway; another form of the answer would be another operation. */
export function readAccept({ connector, spec }: Routed, { headers }: Head): FormFault | undefined {
  const asked = headers.get("accept");
  if (asked === undefined || asked === "*/*" || asked === "application/json") return undefined;
  const own = spec.response.kind === "bytes" ? spec.response.types : connector.accept;
  const odd = asked
    .split(",")
    .map((part) =>
      /^\s*([^;\s]+)\s*(?:;\s*(?:q=[01](?:\.\d{1,3})?|charset=utf-8)\s*)*$/i.exec(part)?.[1]?.toLowerCase(),
    )
    .some((type) => type === undefined || !(ANY.includes(type) || own.includes(type)));
  return odd ? queryFault("the caller asks for another form of the answer") : undefined;
}

/** Path parameters that are not the record. */
export function readParams(reading: Reading): FormFault | undefined {
  const { spec, params } = reading.routed;
  for (const [name, { schema, as, lookup }] of Object.entries(spec.params)) {
    const value = params[name];
    if (value === undefined || !conforms(value, schema))
      return queryFault(`\`${name}\` in the path is of another form`);
    if (lookup === undefined) reading.members[as] = value;
    else reading.lookups.push({ lookup, as, key: value });
  }
  return undefined;
}

/** Query parameters: a closed list, each once. */
export function readQuery(reading: Reading, head: Head): FormFault | undefined {
  const { query } = reading.routed.spec;
  const seen = new Set<string>();
  for (const { name, value } of head.query) {
    const parameter = Object.hasOwn(query, name) ? query[name] : undefined;
    const repeats = parameter?.kind === "fields" && parameter.list;
    if (parameter === undefined || (seen.has(name) && !repeats))
      return queryFault(`query parameter \`${name}\` is not of this operation, or is repeated`);
    seen.add(name);
    const fault =
      parameter.kind === "fields"
        ? readFields(reading, value, parameter)
        : readParameter(reading, parameter, value, name);
    if (fault !== undefined) return fault;
  }
  for (const [name, parameter] of Object.entries(query))
    if (parameter.kind === "value" && parameter.default !== undefined && !seen.has(name))
      reading.members[parameter.as] = parameter.default;
  return undefined;
}

function readFields(
  reading: Reading,
  value: string,
  { separator, list }: Extract<QueryParameter, { kind: "fields" }>,
): FormFault | undefined {
  const { fields } = reading.routed.type;
  reading.allFields = false;
  for (const field of list ? value.split(separator) : [value]) {
    if (!Object.hasOwn(fields, field) || fields[field]?.read === undefined)
      return {
        code: "field_not_granted",
        detail: "a field that cannot be granted",
        over: { "fields.read": [field] },
      };
    if (reading.read.has(field)) return queryFault("a field is named twice");
    reading.read.add(field);
  }
  return undefined;
}

function readParameter(
  reading: Reading,
  parameter: Exclude<QueryParameter, { kind: "fields" }>,
  value: string,
  name: string,
): FormFault | undefined {
  if (parameter.kind !== "value")
    return value === parameter.value ? undefined : queryFault(`query parameter \`${name}\` has another value`);
  const meant = valueOf(value, parameter.schema);
  if (meant === undefined || !conforms(meant, parameter.schema))
    return queryFault(`query parameter \`${name}\` is of another form`);
  reading.members[parameter.as] = meant;
  // to pick records by a field says what is in it
  if (parameter.reads !== undefined && meant !== parameter.default) reading.read.add(parameter.reads);
  return undefined;
}

/** What a text in a query means; undefined where it is not the one spelling of it. */
function valueOf(text: string, { kind }: ValueSchema): Json | undefined {
  if (kind === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (kind !== "integer") return text;
  return /^(?:0|-?[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined;
}
