import type { Json } from "../json/read.ts";
import type { OperationSpec } from "./connector.ts";
import type { GraphqlSpec, GraphqlStep, GraphqlField } from "./graphql-spec.ts";
import type { IdentityAt } from "./response.ts";
import { entries, list, members, mistake, oneOf, template, text, whole } from "./strict.ts";

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

const graphqlName = (json: Json | undefined, path: string): string => {
  const name = text(json, path);
  return NAME.test(name) ? name : mistake(path, "is a GraphQL name");
};

type GraphqlParts = Pick<OperationSpec, "method" | "path" | "accept" | "params" | "query" | "response"> & {
  readonly graphql: GraphqlSpec;
};

/** Reads an operation that is asked as GraphQL; its other parts follow from the query. */
export function readGraphql(json: Json | undefined, path: string): GraphqlParts {
  const spec = members(json, path, ["door", "max_request", "max", "steps", "fields"]);
  const steps = list(spec["steps"], `${path}.steps`, readStep);
  if (steps.length === 0 || steps.length > 4) mistake(`${path}.steps`, "are one to four");
  const place = `/data/${steps.map(({ field }) => field).join("/")}`;
  return {
    ...{ method: "POST", path: template(spec["door"], `${path}.door`), accept: [], params: {}, query: {} },
    response: {
      ...{ kind: "record", status: [200], max: whole(spec["max"], `${path}.max`), fields: place, keep: {}, is: {} },
      id: identityOf(steps),
    },
    graphql: {
      ...{ steps, maxRequest: whole(spec["max_request"], `${path}.max_request`) },
      fields: entries(spec["fields"], `${path}.fields`, readField),
    },
  };
}

function readStep(json: Json, path: string): GraphqlStep {
  const step = members(json, path, ["field", "type", "arguments", "identity"]);
  return {
    field: graphqlName(step["field"], `${path}.field`),
    type: graphqlName(step["type"], `${path}.type`),
    arguments: entries(step["arguments"], `${path}.arguments`, (argument, at, name) => {
      graphqlName(name, at);
      const { part, as } = members(argument, at, ["part", "as?"]);
      return {
        part: text(part, `${at}.part`),
        as: as === undefined ? "string" : oneOf(as, `${at}.as`, ["string", "int"]),
      };
    }),
    identity: entries(step["identity"], `${path}.identity`, graphqlName),
  };
}

function readField(json: Json, path: string, name: string): GraphqlField {
  graphqlName(name, path);
  if (typeof json === "string") return { field: text(json, path), select: [] };
  const { field, select } = members(json, path, ["field", "select"]);
  return { field: text(field, `${path}.field`), select: list(select, `${path}.select`, graphqlName) };
}

/** Under which names the gateway asks for what says which record it is. */
export const identityKey = (step: number, at: number): string => `remit_${step}_${at}`;

function identityOf(steps: readonly GraphqlStep[]): IdentityAt {
  return steps.flatMap(({ identity }, index) => {
    const place = `/data/${steps
      .slice(0, index + 1)
      .map(({ field }) => field)
      .join("/")}`;
    return Object.keys(identity).map((made, at) => ({ text: made, at: `${place}/${identityKey(index, at)}` }));
  });
}
