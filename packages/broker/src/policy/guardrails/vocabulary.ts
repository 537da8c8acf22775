import type { SchemaJson, Type } from "@cedar-policy/cedar-wasm/nodejs";
import type { OperationClass } from "@remit/core";
import type { Config } from "../../config/model.ts";

/** The names that a guardrail may use. All come from the configuration, so that a misspelt one is found when it is read. */
export interface Vocabulary {
  readonly clients: readonly string[];
  readonly policies: readonly string[];
  readonly connections: readonly string[];
  readonly resources: readonly string[];
  /** Entry types, `<resource name>.<record type>`. */
  readonly types: readonly string[];
  /** Issuer URLs, as in the subject's own tokens. */
  readonly issuers: readonly string[];
  readonly actions: readonly string[];
  readonly fields: readonly string[];
}

export const CLASSES = ["read", "write", "money", "reveal", "mint"] as const satisfies readonly OperationClass[];

const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].toSorted();

/** What the files of a configuration name. */
export function vocabularyOf(
  config: Pick<Config, "clients" | "policies" | "resources" | "connectors" | "issuers">,
): Vocabulary {
  const resources = [...config.resources.values()];
  const types = resources.flatMap(({ resource, connector }) =>
    Object.entries(config.connectors.get(connector)?.types ?? {}).map(([name, type]) => ({
      name: `${resource}.${name}`,
      type,
    })),
  );
  return {
    clients: sorted(config.clients.keys()),
    policies: sorted(config.policies.keys()),
    connections: sorted(resources.map(({ connection }) => connection)),
    resources: sorted(config.resources.keys()),
    types: sorted(types.map(({ name }) => name)),
    issuers: sorted([...config.issuers.values()].map(({ issuer }) => issuer)),
    actions: sorted(types.flatMap(({ type }) => Object.values(type.operations).map(({ action }) => action))),
    fields: sorted(types.flatMap(({ type }) => Object.keys(type.fields))),
  };
}

const entity = (name: string): Type<string> => ({ type: "Entity", name });
const setOf = (element: Type<string>): Type<string> => ({ type: "Set", element });
const [text, long, flag]: readonly [Type<string>, Type<string>, Type<string>] = [
  { type: "String" },
  { type: "Long" },
  { type: "Boolean" },
];

/** What a guardrail may read: an upper bound, in Cedar's own types. Every attribute is always there. */
const CONTEXT: Readonly<Record<string, Type<string>>> = {
  subject: { type: "Record", attributes: { issuer: text, id: text } },
  actors: setOf(entity("Client")),
  policy: entity("Policy"),
  connection: entity("Connection"),
  type: entity("RecordType"),
  classes: setOf(text),
  read: setOf(text),
  write: setOf(text),
  many: flag,
  depth: long,
  duration: long,
  uses: long,
};

/** All attributes that there are. */
export const ATTRIBUTES: readonly string[] = Object.keys(CONTEXT);

/** Cedar knows no enumeration without a name; this one is none that a file could have. */
const oneOf = (names: readonly string[]): { enum: string[] } => ({ enum: names.length === 0 ? ["-"] : [...names] });

/** The Cedar schema of a configuration: closed enumerations, one context for every action, of the attributes named. */
export function cedarSchema(words: Vocabulary, attributes: readonly string[]): SchemaJson<string> {
  const context = {
    type: "Record" as const,
    attributes: Object.fromEntries(Object.entries(CONTEXT).filter(([name]) => attributes.includes(name))),
  };
  const appliesTo = { principalTypes: ["Client"], resourceTypes: ["Resource"], context };
  return {
    "": {
      entityTypes: {
        Client: oneOf(words.clients),
        Policy: oneOf(words.policies),
        Connection: oneOf(words.connections),
        Resource: oneOf(words.resources),
        RecordType: oneOf(words.types),
      },
      actions: Object.fromEntries(words.actions.map((action) => [action, { appliesTo }])),
    },
  };
}
