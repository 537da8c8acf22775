import { type Sha256, toBase64url, utf8 } from "../bytes.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import { err, ok, type Result } from "../result.ts";
import type { Connector, OperationSpec, RecordType } from "./connector.ts";
import { memberSchemas, membersOf } from "./members.ts";
import { readBodyNode, readField, readPath, readQueryParameter, readResponse } from "./parse-shapes.ts";
import { ConnectorMistake, entries, list, members, mistake, oneOf, pattern, pointer, text, whole } from "./strict.ts";

/** Reads a connector from parsed YAML or JSON. Whatever it says that is not known here is an error, with its path. */
export function parseConnector(json: Json, sha256: Sha256): Result<Connector, string> {
  try {
    const { connector, title, inject, environment, types } = members(json, "connector", [
      "connector",
      "title",
      "inject",
      "environment",
      "types",
    ]);
    const name = text(connector, "connector");
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) mistake("connector", "is a name of small letters, digits and hyphens");
    const read = entries(types, "types", readRecordType);
    checkParents(read);
    return ok({
      name,
      title: text(title, "title"),
      inject: list(inject, "inject", (form, path) =>
        oneOf(form, path, ["basic", "bearer", "header", "oauth_refresh", "signed"]),
      ),
      environment: readEnvironment(environment, "environment"),
      types: read,
      digest: `${name}@sha256-${toBase64url(sha256(utf8(canonicalJson(json))))}`,
    });
  } catch (error) {
    if (error instanceof ConnectorMistake) return err(error.message);
    // a pattern that is none, or a pointer into nothing
    if (error instanceof SyntaxError || error instanceof RangeError) return err(error.message);
    throw error;
  }
}

function readEnvironment(json: Json | undefined, path: string): Connector["environment"] {
  const { base_url, credential, constants } = members(json, path, ["base_url", "credential", "constants"]);
  const variable = (name: Json, at: string): string => {
    const variableName = text(name, at);
    return /^[A-Z][A-Z0-9_]{1,63}$/.test(variableName)
      ? variableName
      : mistake(at, "is the name of an environment variable");
  };
  return {
    base_url: list(base_url, `${path}.base_url`, variable),
    credential: list(credential, `${path}.credential`, variable),
    constants: entries(constants, `${path}.constants`, (value, at, name) => (variable(name, at), text(value, at))),
  };
}

function readRecordType(json: Json, path: string, name: string): RecordType {
  const type = members(json, path, ["title", "identifier", "alias?", "parents", "resolve", "fields", "operations"]);
  const record: RecordType = {
    name,
    title: text(type["title"], `${path}.title`),
    identifier: pattern(type["identifier"], `${path}.identifier`),
    ...(type["alias"] === undefined ? {} : { alias: pattern(type["alias"], `${path}.alias`) }),
    parents: entries(type["parents"], `${path}.parents`, readParent),
    resolve: readResolve(type["resolve"], `${path}.resolve`),
    fields: entries(type["fields"], `${path}.fields`, readField),
    operations: entries(type["operations"], `${path}.operations`, readOperation),
  };
  checkTogether(record, path);
  return record;
}

function readParent(json: Json, path: string): RecordType["parents"][string] {
  const { at, ask } = members(json, path, ["at", "ask"]);
  return { at: pointer(at, `${path}.at`), ask: text(ask, `${path}.ask`) };
}

function readResolve(json: Json | undefined, path: string): RecordType["resolve"] {
  const resolve = members(json, path, ["path", "query", "id", "alias", "show", "version?"]);
  return {
    path: readPath(resolve["path"], `${path}.path`),
    query: entries(resolve["query"], `${path}.query`, text),
    id: pointer(resolve["id"], `${path}.id`),
    alias: pointer(resolve["alias"], `${path}.alias`),
    show: entries(resolve["show"], `${path}.show`, (at, where) => pointer(at, where)),
    ...(resolve["version"] === undefined ? {} : { version: oneOf(resolve["version"], `${path}.version`, ["etag"]) }),
  };
}

function readOperation(json: Json, path: string, name: string): OperationSpec {
  const operation = members(json, path, [
    "action",
    "title",
    "class",
    "precondition",
    "method",
    "path",
    "query",
    "body?",
    "response",
  ]);
  return {
    name,
    action: text(operation["action"], `${path}.action`),
    title: text(operation["title"], `${path}.title`),
    class: oneOf(operation["class"], `${path}.class`, ["read", "write", "money", "reveal", "mint"]),
    precondition: oneOf(operation["precondition"], `${path}.precondition`, ["atomic", "checked", "none"]),
    method: oneOf(operation["method"], `${path}.method`, ["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path: readPath(operation["path"], `${path}.path`),
    query: entries(operation["query"], `${path}.query`, readQueryParameter),
    ...(operation["body"] === undefined ? {} : { body: readBody(operation["body"], `${path}.body`) }),
    response: readResponse(operation["response"], `${path}.response`),
  };
}

function readBody(json: Json, path: string): NonNullable<OperationSpec["body"]> {
  const { root, max } = members(json, path, ["root", "max"]);
  return { root: readBodyNode(root, `${path}.root`), max: whole(max, `${path}.max`) };
}

/** What no single member shows: that the parts of a record type fit each other. */
function checkTogether(type: RecordType, path: string): void {
  const doors = new Set<string>();
  for (const operation of Object.values(type.operations)) {
    const at = `${path}.operations.${operation.name}`;
    const door = `${operation.method} ${operation.path}`;
    if (doors.has(door)) mistake(at, `\`${door}\` is an operation already`);
    doors.add(door);
    if (operation.body !== undefined && (operation.method === "GET" || operation.method === "DELETE"))
      mistake(`${at}.body`, "does not go with this method");
    if (operation.class === "read" && operation.method !== "GET") mistake(`${at}.class`, "a read is a GET");
    const places = membersOf(type, operation).map(([pointer]) => pointer);
    const twice = places.find((pointer, index) => places.indexOf(pointer) !== index);
    if (twice !== undefined) mistake(at, `takes \`${twice}\` from two places`);
    checkKept(operation, at);
    if (operation.precondition === "atomic" && type.resolve.version === undefined)
      mistake(`${at}.precondition`, "needs a `version` in `resolve`");
    if (operation.response.kind === "list") {
      const { action, member } = operation.response.only;
      if (memberSchemas(type, action)[member] === undefined)
        mistake(`${at}.response.only`, "names a value that the action does not have");
    }
  }
}

/** A parent is looked up like any record, so it is a type with its own `resolve`. */
function checkParents(types: Connector["types"]): void {
  for (const type of Object.values(types)) {
    const odd = Object.keys(type.parents).find((parent) => !Object.hasOwn(types, parent));
    if (odd !== undefined) mistake(`types.${type.name}.parents.${odd}`, "is not a type of this connector");
  }
}

/** Fields are released because they are granted; what is kept always must not hold them, nor be held by them. */
function checkKept({ response }: OperationSpec, at: string): void {
  if (response.kind !== "record") return;
  const { fields, keep } = response;
  const overlap = Object.keys(keep).find(
    (kept) => `${kept}/`.startsWith(`${fields}/`) || fields.startsWith(`${kept}/`),
  );
  if (overlap !== undefined) mistake(`${at}.response.keep`, `\`${overlap}\` overlaps the fields`);
}
