import type { BodyMember, BodyNode, Lookup } from "../connector/connector.ts";
import type { Head } from "../http-head.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import type { Operation } from "../operation.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { Routed } from "./route.ts";
import { conforms } from "./values.ts";

/** A caller's key whose meaning the gateway still has to read from the upstream. */
export interface OpenLookup {
  readonly lookup: Lookup;
  readonly as: string;
  readonly key: string;
}

/** A call in canonical form, as far as the request alone says it, and what it takes to say it again. */
export interface Named {
  readonly routed: Routed;
  readonly operation: Operation;
  /** True where the caller named no fields: all granted ones are meant. */
  readonly allFields: boolean;
  readonly lookups: readonly OpenLookup[];
  /** The body as it was read and found to be of the declared form. */
  readonly body: Json | undefined;
}

/** Brings a request to the canonical form of its operation; what has no place in that form is refused. */
export function nameOperation(
  routed: Routed,
  resource: { readonly name: string; readonly location: string },
  head: Head,
  body: Json | undefined,
): Result<Named, Refusal> {
  const { type, spec, named } = routed;
  const fullType = `${resource.name}.${type.name}`;
  const name = `${fullType}.${spec.name}`;
  const reading = createReading(routed);
  const fault = readQuery(reading, head) ?? readBody(reading, body);
  if (fault !== undefined)
    return err(
      refuse(fault.code, fault.detail, {
        operation: name,
        alias: named,
        ...(fault.over === undefined ? {} : { over: fault.over }),
      }),
    );
  const operation: Operation = {
    name,
    location: resource.location,
    class: spec.class,
    records: [{ role: "record", type: fullType, action: spec.action, named, parents: [] }],
    read: [...reading.read].sort(),
    write: [...reading.write].sort(),
    members: reading.members,
    fieldPointers: [...Object.keys(type.fields).map((field) => `/${field}`), ...filteredMember(spec)],
  };
  return ok({ routed, operation, allFields: reading.allFields, lookups: reading.lookups, body });
}

/** A list is filtered item by item after it was read, so its call need not name the value that is filtered by. */
const filteredMember = (spec: Routed["spec"]): readonly string[] =>
  spec.response.kind === "list" ? [spec.response.only.member] : [];

interface Reading {
  readonly routed: Routed;
  readonly read: Set<string>;
  readonly write: Set<string>;
  readonly members: Record<string, Json>;
  readonly lookups: OpenLookup[];
  allFields: boolean;
}

const createReading = (routed: Routed): Reading => ({
  routed,
  read: new Set(),
  write: new Set(),
  members: {},
  lookups: [],
  allFields: true,
});

interface Fault {
  readonly code: "operation_unknown" | "body_refused" | "field_not_granted";
  readonly detail: string;
  readonly over?: Readonly<Record<string, readonly string[]>>;
}

function readQuery(reading: Reading, head: Head): Fault | undefined {
  const seen = new Set<string>();
  for (const { name, value } of head.query) {
    const parameter = Object.hasOwn(reading.routed.spec.query, name) ? reading.routed.spec.query[name] : undefined;
    const repeats = parameter?.kind === "fields" && parameter.list;
    if (parameter === undefined || (seen.has(name) && !repeats))
      return {
        code: "operation_unknown",
        detail: `query parameter \`${name}\` is not of this operation, or is repeated`,
      };
    seen.add(name);
    const fault =
      parameter.kind === "fields"
        ? readFields(reading, value, parameter.separator)
        : readParameter(reading, parameter, value, name);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function readFields(reading: Reading, value: string, separator: string): Fault | undefined {
  reading.allFields = false;
  for (const field of value.split(separator)) {
    const known =
      Object.hasOwn(reading.routed.type.fields, field) && reading.routed.type.fields[field]?.read !== undefined;
    if (!known)
      return {
        code: "field_not_granted",
        detail: "a field that cannot be granted",
        over: { "fields.read": [field] },
      };
    if (reading.read.has(field)) return { code: "operation_unknown", detail: "a field is named twice" };
    reading.read.add(field);
  }
  return undefined;
}

function readParameter(
  reading: Reading,
  parameter: Exclude<Routed["spec"]["query"][string], { kind: "fields" }>,
  value: string,
  name: string,
): Fault | undefined {
  if (parameter.kind === "ignored")
    return value === parameter.value
      ? undefined
      : { code: "operation_unknown", detail: `query parameter \`${name}\` has another value` };
  if (!conforms(value, parameter.schema))
    return { code: "operation_unknown", detail: `query parameter \`${name}\` is of another form` };
  reading.members[parameter.as] = value;
  return undefined;
}

function readBody(reading: Reading, body: Json | undefined): Fault | undefined {
  const spec = reading.routed.spec.body;
  if (spec === undefined)
    return body === undefined ? undefined : { code: "body_refused", detail: "this operation has no body" };
  if (body === undefined) return { code: "body_refused", detail: "the body is missing" };
  return readNode(reading, spec.root, body, "");
}

function readNode(reading: Reading, node: BodyNode, value: Json, path: string): Fault | undefined {
  switch (node.kind) {
    case "object":
      return readObject(reading, node, value, path);
    case "fields":
      return readWrittenFields(reading, value, path);
    case "value":
      if (!conforms(value, node.schema)) return { code: "body_refused", detail: `\`${path}\` is of another form` };
      reading.members[node.as] = value;
      return undefined;
    case "lookup":
      if (typeof value !== "string" || !conforms(value, node.schema))
        return { code: "body_refused", detail: `\`${path}\` is of another form` };
      reading.lookups.push({ lookup: node.lookup, as: node.as, key: value });
      return undefined;
  }
}

function readObject(
  reading: Reading,
  node: Extract<BodyNode, { kind: "object" }>,
  value: Json,
  path: string,
): Fault | undefined {
  if (!isJsonObject(value)) return { code: "body_refused", detail: `\`${path}\` is not an object` };
  const odd = Object.keys(value).find((name) => !Object.hasOwn(node.members, name));
  if (odd !== undefined) return { code: "body_refused", detail: `\`${path}/${odd}\` is not part of this operation` };
  for (const [name, member] of Object.entries(node.members)) {
    const inner = memberOf(value, name, member);
    if (inner === undefined && member.absent.rule === "refuse")
      return { code: "body_refused", detail: `\`${path}/${name}\` is missing` };
    const fault = inner === undefined ? undefined : readNode(reading, member.node, inner, `${path}/${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A member's value, or what stands for its absence. `null` is a value, not an absence. */
export function memberOf(value: JsonObject, name: string, { absent }: BodyMember): Json | undefined {
  if (Object.hasOwn(value, name)) return value[name];
  return absent.rule === "default" ? absent.value : undefined;
}

function readWrittenFields(reading: Reading, value: Json, path: string): Fault | undefined {
  if (!isJsonObject(value) || Object.keys(value).length === 0)
    return { code: "body_refused", detail: `\`${path}\` names no field` };
  for (const [name, spelled] of Object.entries(value)) {
    const write = Object.hasOwn(reading.routed.type.fields, name) ? reading.routed.type.fields[name]?.write : undefined;
    if (write === undefined)
      return {
        code: "field_not_granted",
        detail: `\`${name}\` cannot be written`,
        over: { "fields.write": [name] },
      };
    const canonical = conforms(spelled, write.schema) ? atPointer(spelled, write.canonical) : undefined;
    if (canonical === undefined)
      return { code: "body_refused", detail: `field \`${name}\` is not in its one accepted form` };
    reading.write.add(name);
    reading.members[`/${name}`] = canonical;
  }
  return undefined;
}
