import { isJsonObject, JSON_LIMITS, type Json } from "../json/read.ts";
import { ARCHIVE_FACTS, type BodyMember, type BodyNode, type BodySpec, type EntryKey, type Lookup } from "./body.ts";
import { readSchema, type Shapes } from "./parse-schema.ts";
import { entries, list, members, mistake, oneOf, pointer, template, text, whole } from "./strict.ts";

const KINDS = [
  ...(["object", "fields", "verbs", "value", "lookup", "constant", "text", "entry", "opaque"] as const),
  ...(["archive", "record", "link"] as const),
];
const MEMBERS = [
  ...["kind", "only?", "schema?", "as?", "lookup?", "value?", "text?", "key?", "node?", "never?", "same?"],
  ...["members?", "like?", "gives?", "path?"],
  ...["format?", "max?", "document?", "type?", "role?", "action?", "form?"],
];

/** Reads the body of an operation. */
export function readBody(json: Json, path: string, shapes: Shapes): BodySpec {
  const { root, max, limits } = members(json, path, ["root", "max", "limits?"]);
  const bytes = whole(max, `${path}.max`);
  return { root: readBodyNode(root, `${path}.root`, shapes), max: bytes, limits: readLimits(limits, path, bytes) };
}

function readLimits(json: Json | undefined, path: string, bytes: number): BodySpec["limits"] {
  if (json === undefined) return { ...JSON_LIMITS, bytes };
  const own = members(json, `${path}.limits`, ["string?", "nodes?", "depth?", "keys?"]);
  const of = (name: "string" | "nodes" | "depth" | "keys"): number =>
    own[name] === undefined ? JSON_LIMITS[name] : whole(own[name], `${path}.limits.${name}`);
  // reading recurses, so its depth stays what a stack bears
  if (of("depth") > 64) mistake(`${path}.limits.depth`, "is at most 64");
  return { bytes, string: of("string"), nodes: of("nodes"), depth: of("depth"), keys: of("keys") };
}

/** Reads a place in a request body. */
export function readBodyNode(json: Json | undefined, path: string, shapes: Shapes): BodyNode {
  const kind = oneOf(members(json, path, MEMBERS)["kind"], `${path}.kind`, KINDS);
  switch (kind) {
    case "object": {
      const inner = members(json, path, ["kind", "members"])["members"];
      return { kind, members: entries(inner, `${path}.members`, (member, at) => readBodyMember(member, at, shapes)) };
    }
    case "fields": {
      const { only } = members(json, path, ["kind", "only?"]);
      return { kind, ...(only === undefined ? {} : { only: list(only, `${path}.only`, text) }) };
    }
    case "verbs":
      members(json, path, ["kind"]);
      return { kind };
    case "value":
    case "lookup":
      return readValueNode(json, path, kind, shapes);
    case "constant":
      return { kind, value: members(json, path, ["kind", "value"])["value"] ?? null };
    case "text":
      return { kind, text: madeText(members(json, path, ["kind", "text"])["text"], `${path}.text`) };
    case "entry": {
      const { key, node } = members(json, path, ["kind", "key", "node"]);
      return { kind, key: readKey(key, `${path}.key`, shapes), node: readBodyNode(node, `${path}.node`, shapes) };
    }
    case "link":
      return { kind, path: madeText(members(json, path, ["kind", "path"])["path"], `${path}.path`) };
    case "opaque":
      return readOpaqueNode(json, path, shapes);
    case "archive":
    case "record":
      return readFarNode(json, path, kind);
  }
}

function readValueNode(json: Json | undefined, path: string, kind: "value" | "lookup", shapes: Shapes): BodyNode {
  const { schema, as, lookup } = members(json, path, [
    "kind",
    "schema",
    "as",
    ...(kind === "lookup" ? ["lookup"] : []),
  ]);
  const value = { schema: readSchema(schema, `${path}.schema`, shapes), as: pointer(as, `${path}.as`) };
  return kind === "value" ? { kind, ...value } : { kind, ...value, lookup: readLookup(lookup, `${path}.lookup`) };
}

/** Texts that stand at pointers. */
const readSame = (json: Json | undefined, path: string): Readonly<Record<string, string>> =>
  entries(json ?? {}, path, (made, at, name) => (pointer(name, at), madeText(made, at)));

function readOpaqueNode(json: Json | undefined, path: string, shapes: Shapes): BodyNode {
  const node = members(json, path, ["kind", "as?", "never?", "same?", "members?", "like?"]);
  const own = entries(node["members"] ?? {}, `${path}.members`, (member, at) => readBodyMember(member, at, shapes));
  const read = {
    ...{ kind: "opaque" as const, same: readSame(node["same"], `${path}.same`), members: own },
    never: list(node["never"] ?? [], `${path}.never`, text),
    ...(node["as"] === undefined ? {} : { as: pointer(node["as"], `${path}.as`) }),
  };
  if (node["like"] === undefined) return read;
  const { document, except } = members(node["like"], `${path}.like`, ["document", "except?"]);
  const free = list(except ?? [], `${path}.like.except`, text);
  return { ...read, like: { document: text(document, `${path}.like.document`), except: free } };
}

/** What is not a value of this record alone: files and other records. */
function readFarNode(json: Json | undefined, path: string, kind: "archive" | "record"): BodyNode {
  if (kind === "archive") {
    const node = members(json, path, ["kind", "format", "max", "document", "same", "gives?"]);
    const document = text(node["document"], `${path}.document`);
    // what has no folder of its own could not be told from what installers take out of one
    if (!/^[a-z]+\/[a-z.]+$/.test(document)) mistake(`${path}.document`, "is a file in one folder");
    return {
      ...{ kind, format: oneOf(node["format"], `${path}.format`, ["tar.gz"]), max: whole(node["max"], `${path}.max`) },
      ...{ document, same: readSame(node["same"], `${path}.same`) },
      gives: entries(
        node["gives"] ?? {},
        `${path}.gives`,
        (fact, at, name) => (pointer(name, at), oneOf(fact, at, ARCHIVE_FACTS)),
      ),
    };
  }
  const node = members(json, path, ["kind", "type", "role", "action", "form"]);
  const role = text(node["role"], `${path}.role`);
  if (role === "record") mistake(`${path}.role`, "is a role besides the operation's own record");
  return {
    ...{ kind, role, type: text(node["type"], `${path}.type`), action: text(node["action"], `${path}.action`) },
    form: oneOf(node["form"], `${path}.form`, ["identifier", "alias"]),
  };
}

function readKey(json: Json | undefined, path: string, shapes: Shapes): EntryKey {
  if (isJsonObject(json) && json["text"] !== undefined)
    return { text: madeText(members(json, path, ["text"])["text"], `${path}.text`) };
  const { schema, as } = members(json, path, ["schema", "as"]);
  return { schema: readSchema(schema, `${path}.schema`, shapes), as: pointer(as, `${path}.as`) };
}

/** A text with `{record}` and canonical values in it. */
function madeText(json: Json | undefined, path: string): string {
  const made = text(json, path);
  return /^(?:[^{}]|\{record\}|\{(?:\/[^/~\s{}]+)+\})+$/.test(made)
    ? made
    : mistake(path, "is a text in which `{record}` or pointers such as `{/version}` may stand");
}

function readBodyMember(json: Json, path: string, shapes: Shapes): BodyMember {
  const { node, absent, needs } = members(json, path, ["node", "absent", "needs?"]);
  const rule = oneOf(members(absent, `${path}.absent`, ["rule", "value?"])["rule"], `${path}.absent.rule`, [
    ...(["refuse", "unchanged", "default"] as const),
  ]);
  const { value } = members(absent, `${path}.absent`, rule === "default" ? ["rule", "value"] : ["rule"]);
  return {
    node: readBodyNode(node, `${path}.node`, shapes),
    absent: rule === "default" ? { rule, value: value ?? null } : { rule },
    ...(needs === undefined ? {} : { needs: text(needs, `${path}.needs`) }),
  };
}

/** Reads how a caller's key is looked up. */
export function readLookup(json: Json | undefined, path: string): Lookup {
  const lookup = members(json, path, ["path", "list", "key", "value"]);
  return {
    path: template(lookup["path"], `${path}.path`),
    list: pointer(lookup["list"], `${path}.list`),
    key: pointer(lookup["key"], `${path}.key`),
    value: pointer(lookup["value"], `${path}.value`),
  };
}
