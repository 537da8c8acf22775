import type { BodyMember, BodyNode, EntryKey, RecordNode } from "../connector/body.ts";
import type { ValueSchema } from "../connector/schema.ts";
import { isSpelled } from "../connector/spelling.ts";
import { atPointer, jsonEqual } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import { bodyFault, type FormFault, type Reading } from "./named.ts";
import { madeText, saysText } from "./made-text.ts";
import { otherForm, readArchiveNode, readLink, readOpaque } from "./read-document.ts";
import { conforms } from "./values.ts";

/** Reads a request body as the form of its operation declares it. */
export function readBody(reading: Reading, body: Json | undefined): FormFault | undefined {
  const spec = reading.routed.spec.body;
  if (spec === undefined) return body === undefined ? undefined : bodyFault("this operation has no body");
  if (body === undefined) return bodyFault("the body is missing");
  return readNode(reading, spec.root, body, "");
}

function readNode(reading: Reading, node: BodyNode, value: Json, path: string): FormFault | undefined {
  switch (node.kind) {
    case "object":
      return readObject(reading, node, value, path);
    case "fields":
      return readWrittenFields(reading, node, value, path);
    case "verbs":
      return readVerbs(reading, value, path);
    case "value":
      return readValue(reading, node, value, path);
    case "lookup":
      if (typeof value !== "string" || !conforms(value, node.schema)) return otherForm(path);
      reading.lookups.push({ lookup: node.lookup, as: node.as, key: value });
      return undefined;
    case "constant":
      return jsonEqual(value, node.value) ? undefined : otherForm(path);
    case "text":
      return saysText(value, madeText(reading, node.text)) ? undefined : otherForm(path);
    case "entry":
      return readEntry(reading, node, value, path);
    case "opaque":
      return readOpaque(reading, node, value, path) ?? readOwnMembers(reading, node.members, value, path);
    case "archive":
      return readArchiveNode(reading, node, value, path);
    case "link":
      return readLink(reading, node.path, value, path);
    case "record":
      return readRecord(reading, node, value, path);
  }
}

function readObject(
  reading: Reading,
  node: Extract<BodyNode, { kind: "object" }>,
  value: Json,
  path: string,
): FormFault | undefined {
  if (!isJsonObject(value)) return bodyFault(`\`${path}\` is not an object`);
  const odd = Object.keys(value).find((name) => !Object.hasOwn(node.members, name));
  if (odd !== undefined) return bodyFault(`\`${path}/${odd}\` is not part of this operation`);
  return readOwnMembers(reading, node.members, value, path);
}

function readOwnMembers(
  reading: Reading,
  members: Readonly<Record<string, BodyMember>>,
  value: Json,
  path: string,
): FormFault | undefined {
  if (!isJsonObject(value)) return Object.keys(members).length === 0 ? undefined : otherForm(path);
  for (const [name, member] of Object.entries(members)) {
    const inner = memberOf(value, name, member);
    if (inner === undefined && member.absent.rule === "refuse") return bodyFault(`\`${path}/${name}\` is missing`);
    if (inner === undefined) continue;
    const fault = readNode(reading, member.node, inner, `${path}/${name}`);
    if (fault !== undefined) return fault;
    if (member.needs !== undefined) reading.also.add(member.needs);
  }
  return undefined;
}

/** A member's value, or what stands for its absence. `null` is a value, not an absence. */
export function memberOf(value: JsonObject, name: string, { absent }: BodyMember): Json | undefined {
  if (Object.hasOwn(value, name)) return value[name];
  return absent.rule === "default" ? absent.value : undefined;
}

function readWrittenFields(
  reading: Reading,
  { only }: Extract<BodyNode, { kind: "fields" }>,
  value: Json,
  path: string,
): FormFault | undefined {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return bodyFault(`\`${path}\` names no field`);
  const { fields } = reading.routed.type;
  for (const [name, spelled] of Object.entries(value)) {
    const write = Object.hasOwn(fields, name) ? fields[name]?.write : undefined;
    if (write === undefined || only?.includes(name) === false) return notWritten(name);
    const canonical = conforms(spelled, write.schema) ? atPointer(spelled, write.canonical) : undefined;
    if (canonical === undefined) return bodyFault(`field \`${name}\` is not in its one accepted form`);
    if (reading.write.has(name)) return bodyFault(`field \`${name}\` is written in two ways`);
    reading.write.add(name);
    reading.members[`/${name}`] = canonical;
  }
  return undefined;
}

const notWritten = (name: string): FormFault => ({
  code: "field_not_granted",
  detail: `\`${name}\` cannot be written`,
  over: { "fields.write": [name] },
});

/** One verb a field a call: a constraint on it then speaks of all that the call does to the field. */
function readVerbs(reading: Reading, value: Json, path: string): FormFault | undefined {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return bodyFault(`\`${path}\` names no field`);
  const { fields } = reading.routed.type;
  for (const [name, list] of Object.entries(value)) {
    const verbs = Object.hasOwn(fields, name) ? (fields[name]?.verbs ?? {}) : {};
    if (Object.keys(verbs).length === 0) return notWritten(name);
    const [only, ...more] = Array.isArray(list) ? (list as readonly Json[]) : [];
    const [[verb, given] = ["", null], ...others] = isJsonObject(only) ? Object.entries(only) : [];
    const schema = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (schema === undefined || more.length > 0 || others.length > 0 || !conforms(given, schema))
      return bodyFault(`\`${path}/${name}\` is a list of one verb of this field`);
    if (reading.write.has(name)) return bodyFault(`field \`${name}\` is written in two ways`);
    reading.write.add(name);
    reading.members[`/${name}/${verb}`] = given;
  }
  return undefined;
}

function readValue(
  reading: Reading,
  { schema, as }: { readonly schema: ValueSchema; readonly as: string },
  value: Json,
  path: string,
): FormFault | undefined {
  if (!conforms(value, schema)) return otherForm(path);
  reading.members[as] = value;
  return undefined;
}

/** An object with exactly one member, whose name says what was decided. */
function readEntry(
  reading: Reading,
  { key, node }: Extract<BodyNode, { kind: "entry" }>,
  value: Json,
  path: string,
): FormFault | undefined {
  const [[name, inner] = ["", null], ...more] = isJsonObject(value) ? Object.entries(value) : [];
  if (name === "" || more.length > 0) return bodyFault(`\`${path}\` is an object with exactly one member`);
  return readKey(reading, key, name, path) ?? readNode(reading, node, inner, `${path}/${name}`);
}

function readKey(reading: Reading, key: EntryKey, name: string, path: string): FormFault | undefined {
  if ("as" in key) return readValue(reading, key, name, path);
  return name === madeText(reading, key.text) ? undefined : otherForm(path);
}

/** Another record that the call is about, in a role of its own. */
function readRecord(
  reading: Reading,
  { type, role, action, form }: RecordNode,
  value: Json,
  path: string,
): FormFault | undefined {
  const { connector } = reading.routed;
  const known = connector.types[type];
  const spelling = form === "identifier" ? known?.identifier : known?.alias;
  const named = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof named !== "string" || !isSpelled(spelling, named)) return otherForm(path);
  if (reading.roles.some((other) => other.role === role)) return bodyFault(`\`${path}\` names a second ${role}`);
  const resource = reading.fullType.slice(0, reading.fullType.length - reading.routed.type.name.length - 1);
  reading.roles.push({ role, type: `${resource}.${type}`, action, named, parents: [] });
  return undefined;
}
