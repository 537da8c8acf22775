import type { Entry } from "../authority/entry.ts";
import type { BodyNode, RecordType } from "../connector/connector.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import { memberOf, type Named } from "./name-operation.ts";

/** The request that goes upstream: a function of what was decided, with nothing of the caller's bytes in it. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, below the connection's origin. */
  readonly target: string;
  readonly body: string | undefined;
}

/** Builds the upstream request of a permitted operation, addressed by the pinned id. */
export function rebuild(
  named: Named,
  pinnedId: string,
  entry: Entry,
  /** Fields that the gateway itself wants to see. */
  own: readonly string[] = [],
): UpstreamRequest {
  const { spec, type } = named.routed;
  const query = new URLSearchParams();
  for (const [name, parameter] of Object.entries(spec.query)) {
    if (parameter.kind === "fields")
      query.set(name, [...new Set([...fieldsToRead(named, entry), ...own])].join(parameter.separator));
    if (parameter.kind === "value") {
      const value = named.operation.members[parameter.as];
      if (typeof value === "string") query.set(name, value);
    }
  }
  const body =
    spec.body === undefined || named.body === undefined
      ? undefined
      : JSON.stringify(rebuildNode(spec.body.root, named.body, type));
  return {
    method: spec.method,
    target: `${recordPath(spec.path, pinnedId)}${query.size === 0 ? "" : `?${query.toString()}`}`,
    body,
  };
}

/** The fields that are asked for: those that the caller named, or all that are granted. */
export const fieldsToRead = (named: Named, entry: Entry): readonly string[] =>
  named.allFields ? entry.fields.read : named.operation.read;

/** A path template with the pinned id in its place. */
export const recordPath = (template: string, id: string): string =>
  template.replace("{record}", encodeURIComponent(id));

/** Prints a body anew from its declared form: what is not declared cannot appear. */
function rebuildNode(node: BodyNode, value: Json, type: RecordType): Json {
  if (!isJsonObject(value)) return value;
  switch (node.kind) {
    case "object": {
      const members = Object.entries(node.members).flatMap(([name, member]) => {
        const inner = memberOf(value, name, member);
        return inner === undefined ? [] : [[name, rebuildNode(member.node, inner, type)] as const];
      });
      return Object.fromEntries(members);
    }
    case "fields":
      return Object.fromEntries(Object.entries(value).filter(([name]) => type.fields[name]?.write !== undefined));
    case "value":
    case "lookup":
      return value;
  }
}
