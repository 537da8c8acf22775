import {
  err,
  graphqlAt,
  JSON_LIMITS,
  type JsonLimits,
  type Named,
  nameGraphql,
  nameOperation,
  type Refusal,
  refuse,
  type ResourceName,
  type Result,
  route,
  type Routed,
} from "@remit/core";
import { callPrimitives } from "@remit/sdk";
import type { Served } from "./gateway.ts";
import type { Incoming } from "./incoming.ts";

/** Steps 2 and 3 of a call: reads the body and names the operation. */
export async function nameCall(served: Served, incoming: Incoming): Promise<Result<Named, Refusal>> {
  const resource = { name: served.connection.resource, location: served.location };
  const candidates = route(served.connector, incoming.head.method, incoming.segments);
  if (candidates.length === 0) return nameQuery(served, incoming, resource);
  const body = await incoming.readBody(limitsOf(candidates));
  return body.ok ? nameOperation(candidates, resource, incoming.head, body.value, callPrimitives) : body;
}

const NO_BODY: JsonLimits = { ...JSON_LIMITS, bytes: 0 };

/** Operations that share a door share the widest of their limits; each form bounds what it takes. */
const limitsOf = (candidates: readonly Routed[]): JsonLimits =>
  candidates.reduce(
    (widest, { spec }) => (spec.body !== undefined && spec.body.max > widest.bytes ? spec.body.limits : widest),
    NO_BODY,
  );

/** A call at a GraphQL door is the typed operation that its query is. */
async function nameQuery(
  { connector }: Served,
  { head, segments, readBody }: Incoming,
  resource: ResourceName,
): Promise<Result<Named, Refusal>> {
  const path = `/${segments.join("/")}`;
  const [first] = graphqlAt(connector, head.method, path);
  if (first === undefined || head.query.length > 0)
    return err(refuse("operation_unknown", "no operation of the connector has this method and path"));
  const body = await readBody({ ...JSON_LIMITS, bytes: first.graphql.maxRequest });
  if (!body.ok) return body;
  // loaded where it is needed: most connectors have no such door
  const { readQuery } = await import("./graphql/read-query.ts");
  const query = readQuery(body.value);
  return typeof query === "string"
    ? err(refuse("operation_unknown", query))
    : nameGraphql(connector, path, resource, query);
}
