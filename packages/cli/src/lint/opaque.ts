import { type BodyNode, type RecordType, type ValueSchema } from "@remit/core";
import type { Finding, Rule } from "./finding.ts";
import { placesIn } from "./places-in.ts";

/** Members that nobody reads, without anything that bounds them. */
export const unboundedOpaque: Rule = (connector) =>
  Object.values(connector.types).flatMap((type) => [...inBodies(type), ...inFields(type)]);

function inBodies(type: RecordType): readonly Finding[] {
  return Object.values(type.operations).flatMap((operation) => {
    const path = ["types", type.name, "operations", operation.name, "body", "root"];
    return operation.body === undefined ? [] : inNode(operation.body.root, path);
  });
}

function inNode(node: BodyNode, path: readonly string[]): readonly Finding[] {
  if (node.kind === "object")
    return Object.entries(node.members).flatMap(([name, member]) =>
      inNode(member.node, [...path, "members", name, "node"]),
    );
  if (node.kind === "entry") return inNode(node.node, [...path, "node"]);
  if (node.kind === "value") return opaqueIn(node.schema, [...path, "schema"], "error");
  if (node.kind !== "opaque" || node.as !== undefined || Object.keys(node.same).length > 0) return [];
  return [finding(path, "error")];
}

function inFields(type: RecordType): readonly Finding[] {
  return Object.entries(type.fields).flatMap(([name, { read, write }]) => {
    const path = ["types", type.name, "fields", name];
    return [
      ...(read === undefined ? [] : opaqueIn(read, [...path, "read"], "warning")),
      ...(write === undefined ? [] : opaqueIn(write.schema, [...path, "write", "schema"], "error")),
    ];
  });
}

/** A value that is opaque as a whole can be bound by `exact`; one within another cannot. */
function opaqueIn(schema: ValueSchema, path: readonly string[], severity: Finding["severity"]): readonly Finding[] {
  if (schema.kind === "opaque") return severity === "warning" ? [finding(path, severity)] : [];
  if (schema.kind === "nullable") return opaqueIn(schema.of, [...path, "of"], severity);
  return placesIn(schema)
    .filter((place) => place.schema.kind === "opaque")
    .map((place) => finding([...path, ...place.path], severity));
}

const finding = (path: readonly string[], severity: Finding["severity"]): Finding => ({
  ...{ rule: "opaque-without-bounds", severity, path },
  what: "anything may stand here",
  why: "nobody decides on it, and it may hold or change other records",
  fix: "declare its shape; or give it `as`, so that a grant can fix it, or `same`, so that it says what was decided",
});
