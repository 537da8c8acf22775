import type { Entry } from "../authority/entry.ts";
import type { BodyMember, BodyNode } from "../connector/body.ts";
import type { RecordType } from "../connector/connector.ts";
import { readSpelled } from "../connector/spelling.ts";
import { type PathTemplate, printTemplate } from "../connector/template.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import { graphqlBody } from "./graphql.ts";
import { madeText } from "./made-text.ts";
import type { Named } from "./named.ts";
import { memberOf } from "./read-body.ts";

/** The request that goes upstream: a function of what was decided, with nothing of the caller's bytes in it. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, below the connection's origin. */
  readonly target: string;
  readonly body: string | undefined;
}

/** How other records of a call are sent, by role: as the entry that permits them names them. */
export type SentRoles = Readonly<Record<string, string>>;

/** Stands where nobody says where the API is. */
const NO_ORIGIN = "https://upstream.invalid";

/** Builds the upstream request of a permitted operation, addressed by the pinned id. */
export function rebuild(
  named: Named,
  pinnedId: string,
  entry: Entry,
  /** Fields that the gateway itself wants to see. */
  own: readonly string[] = [],
  roles: SentRoles = {},
  origin: string = NO_ORIGIN,
): UpstreamRequest {
  const { spec, type } = named.routed;
  if (spec.graphql !== undefined)
    return { method: spec.method, target: spec.path.text, body: graphqlBody(named, pinnedId, entry, spec.graphql) };
  const query = new URLSearchParams();
  for (const [name, parameter] of Object.entries(spec.query)) {
    if (parameter.kind === "fields")
      query.set(name, [...new Set([...fieldsToRead(named, entry), ...own])].join(parameter.separator));
    if (parameter.kind === "constant") query.set(name, parameter.value);
    if (parameter.kind === "value") {
      const value = named.operation.members[parameter.as];
      if (value !== undefined) query.set(name, String(value));
    }
  }
  const body =
    spec.body === undefined || named.body === undefined
      ? undefined
      : JSON.stringify(rebuildNode(spec.body.root, named.body, { named, type, roles, origin }));
  const path = recordPath(spec.path, addressedType(named), pinnedId, named.routed.params);
  return { method: spec.method, target: query.size === 0 ? path : `${path}?${query.toString()}`, body };
}

/** The type of the record that the path is made of: of a list, the parent's. */
const addressedType = ({ routed: { connector, type, spec } }: Named): RecordType =>
  (spec.listOf === undefined ? undefined : connector.types[spec.listOf]) ?? type;

/** The fields that are asked for: those that the caller named, or all that are granted. */
export const fieldsToRead = (named: Named, entry: Entry): readonly string[] =>
  named.allFields ? entry.fields.read : named.operation.read;

/** A path template with the pinned id in its place. An id that the type does not spell is a fault, and throws. */
export function recordPath(
  template: PathTemplate,
  type: RecordType,
  id: string,
  params: Readonly<Record<string, string>> = {},
): string {
  const path = printTemplate(template, { ...readSpelled(type.identifier, id), record: id, ...params });
  if (path === undefined) throw new RangeError(`\`${template.text}\` cannot be made of this identifier`);
  return path;
}

interface Rebuilding {
  readonly named: Named;
  readonly type: RecordType;
  readonly roles: SentRoles;
  readonly origin: string;
}

/** Prints a body anew from its declared form: what is not declared cannot appear. */
function rebuildNode(node: BodyNode, value: Json, about: Rebuilding): Json {
  switch (node.kind) {
    case "object":
      return isJsonObject(value) ? rebuildMembers(node.members, value, about) : null;
    case "opaque":
      return isJsonObject(value) ? { ...value, ...rebuildMembers(node.members, value, about) } : value;
    case "link":
      return sentLink(node.path, about);
    case "fields":
      return keep(value, (name) => about.type.fields[name]?.write !== undefined);
    case "verbs":
      return keep(value, (name) => Object.keys(about.type.fields[name]?.verbs ?? {}).length > 0);
    case "entry":
      return isJsonObject(value)
        ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rebuildNode(node.node, inner, about)]))
        : null;
    case "constant":
      return node.value;
    case "record":
      return roleValue(value, about.roles[node.role]);
    case "value":
    case "lookup":
    case "text":
    case "archive":
      return value;
  }
}

const rebuildMembers = (
  members: Readonly<Record<string, BodyMember>>,
  value: JsonObject,
  about: Rebuilding,
): JsonObject =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, member]) => {
      const inner = memberOf(value, name, member);
      return inner === undefined ? [] : [[name, rebuildNode(member.node, inner, about)] as const];
    }),
  );

function sentLink(made: string, { named, origin }: Rebuilding): string {
  const path = madeText({ routed: named.routed, members: named.operation.members }, made);
  if (path === undefined) throw new RangeError("a link of the call has no path");
  return `${origin}/${path}`;
}

/** A record that was named as a number is sent as one. */
const roleValue = (value: Json, sent: string | undefined): Json => {
  if (sent === undefined) throw new RangeError("a record of the call has no pinned name");
  return typeof value === "number" ? Number(sent) : sent;
};

const keep = (value: Json, kept: (name: string) => boolean): Json =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => kept(name))) : null;
