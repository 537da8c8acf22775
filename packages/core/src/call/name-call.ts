import { JSON_LIMITS, type Json, type JsonLimits } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, type Result } from "../result.ts";
import type { CallRequest, Terms } from "./decide.ts";
import { type FlatQuery, graphqlAt, nameGraphql } from "./graphql.ts";
import { nameOperation, NO_PRIMITIVES } from "./name-operation.ts";
import type { CallPrimitives, Named } from "./named.ts";
import { route, type Routed } from "./route.ts";

/** What reading a call takes that is not in this package; none of it is an effect. */
export interface DecisionPrimitives extends CallPrimitives {
  /** A GraphQL request as one way to one record, or why it is none. */
  readonly readQuery: (body: Json | undefined) => Promise<FlatQuery | string>;
}

/** Opens no archive and reads no query, so that calls with one are of no known form. */
export const BARE_PRIMITIVES: DecisionPrimitives = {
  ...NO_PRIMITIVES,
  readQuery: async () => Promise.resolve("queries are not read here"),
};

/** Steps 2 and 3 of a call: reads the body and names the operation. */
export async function nameCall(terms: Terms, request: CallRequest): Promise<Result<Named, Refusal>> {
  const { connector, resource, primitives } = terms;
  const candidates = route(connector, request.head.method, request.segments);
  if (candidates.length === 0) return nameQuery(terms, request);
  const body = await request.readBody(limitsOf(candidates));
  return body.ok ? nameOperation(candidates, resource, request.head, body.value, primitives) : body;
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
  { connector, resource, primitives }: Terms,
  { head, segments, readBody }: CallRequest,
): Promise<Result<Named, Refusal>> {
  const path = `/${segments.join("/")}`;
  const [first] = graphqlAt(connector, head.method, path);
  if (first === undefined || head.query.length > 0)
    return err(refuse("operation_unknown", "no operation of the connector has this method and path"));
  const body = await readBody({ ...JSON_LIMITS, bytes: first.graphql.maxRequest });
  if (!body.ok) return body;
  const query = await primitives.readQuery(body.value);
  return typeof query === "string"
    ? err(refuse("operation_unknown", query))
    : nameGraphql(connector, path, resource, query);
}
