import { isJsonObject, type Json } from "../json/read.ts";
import type { OperationSpec, PathParameter, QueryParameter } from "./connector.ts";
import { readGraphql } from "./parse-graphql.ts";
import { readBody, readLookup } from "./parse-body.ts";
import { readResponse } from "./parse-response.ts";
import { readSchema, type Shapes } from "./parse-schema.ts";
import { entries, list, members, mistake, oneOf, pointer, template, text } from "./strict.ts";

const MEMBERS = [
  ...["action", "title", "class", "precondition", "method", "path", "accept?", "params?", "list_of?", "query"],
  ...["body?", "response"],
];

/** Reads one typed call. */
export function readOperation(json: Json, path: string, name: string, shapes: Shapes): OperationSpec {
  if (isJsonObject(json) && json["graphql"] !== undefined) return readGraphqlOperation(json, path, name);
  const operation = members(json, path, MEMBERS);
  const { accept, list_of: listOf, body } = operation;
  const sent = template(operation["path"], `${path}.path`);
  return {
    name,
    action: text(operation["action"], `${path}.action`),
    title: text(operation["title"], `${path}.title`),
    class: oneOf(operation["class"], `${path}.class`, ["read", "write", "money", "reveal", "mint"]),
    precondition: oneOf(operation["precondition"], `${path}.precondition`, ["atomic", "checked", "none"]),
    method: oneOf(operation["method"], `${path}.method`, ["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path: sent,
    accept: accept === undefined ? [sent] : list(accept, `${path}.accept`, template),
    params: entries(operation["params"] ?? {}, `${path}.params`, (param, at) => readParam(param, at, shapes)),
    ...(listOf === undefined ? {} : { listOf: text(listOf, `${path}.list_of`) }),
    query: entries(operation["query"], `${path}.query`, (parameter, at) => readQueryParameter(parameter, at, shapes)),
    ...(body === undefined ? {} : { body: readBody(body, `${path}.body`, shapes) }),
    response: readResponse(operation["response"], `${path}.response`, shapes),
  };
}

function readGraphqlOperation(json: Json, path: string, name: string): OperationSpec {
  const operation = members(json, path, ["action", "title", "class", "precondition", "graphql"]);
  return {
    ...{ name, action: text(operation["action"], `${path}.action`), title: text(operation["title"], `${path}.title`) },
    // a mutation names its record inside an input that nobody here could bound
    class: oneOf(operation["class"], `${path}.class`, ["read"]),
    precondition: oneOf(operation["precondition"], `${path}.precondition`, ["none"]),
    ...readGraphql(operation["graphql"], `${path}.graphql`),
  };
}

function readParam(json: Json, path: string, shapes: Shapes): PathParameter {
  const { schema, as, lookup } = members(json, path, ["schema", "as", "lookup?"]);
  const read = readSchema(schema, `${path}.schema`, shapes);
  // a path segment has no kind but text, and only a pattern says which texts
  if (read.kind !== "string" || (read.pattern === undefined && read.enum === undefined))
    mistake(`${path}.schema`, "is a string with a pattern or an enum");
  return {
    schema: read,
    as: pointer(as, `${path}.as`),
    ...(lookup === undefined ? {} : { lookup: readLookup(lookup, `${path}.lookup`) }),
  };
}

/** Reads a query parameter. */
function readQueryParameter(json: Json, path: string, shapes: Shapes): QueryParameter {
  const loose = members(json, path, ["kind", "list?", "separator?", "schema?", "as?", "value?", "default?", "reads?"]);
  const kind = oneOf(loose["kind"], `${path}.kind`, ["fields", "value", "ignored", "constant"]);
  switch (kind) {
    case "fields": {
      const { list: many, separator } = members(json, path, ["kind", "list", "separator"]);
      if (typeof many !== "boolean") mistake(`${path}.list`, "is true or false");
      return { kind, list: many === true, separator: oneOf(separator, `${path}.separator`, [","]) };
    }
    case "value":
      return readValueParameter(json, path, shapes);
    case "ignored":
    case "constant":
      return { kind, value: text(members(json, path, ["kind", "value"])["value"], `${path}.value`) };
  }
}

function readValueParameter(json: Json, path: string, shapes: Shapes): QueryParameter {
  const { schema, as, default: absent, reads } = members(json, path, ["kind", "schema", "as", "default?", "reads?"]);
  const read = readSchema(schema, `${path}.schema`, shapes);
  if (!["string", "integer", "boolean"].includes(read.kind))
    mistake(`${path}.schema`, "is a string, an integer or a boolean");
  const stands = absent === undefined ? undefined : text(absent, `${path}.default`);
  if (stands !== undefined && !(read.kind === "string" && read.enum?.includes(stands)))
    mistake(`${path}.default`, "is one of the values of `enum`");
  return {
    ...{ kind: "value", schema: read, as: pointer(as, `${path}.as`) },
    ...(stands === undefined ? {} : { default: stands }),
    ...(reads === undefined ? {} : { reads: text(reads, `${path}.reads`) }),
  };
}
