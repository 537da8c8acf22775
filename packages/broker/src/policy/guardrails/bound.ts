import type { CedarValueJson, StatefulAuthorizationCall } from "@cedar-policy/cedar-wasm/nodejs";
import type { Authority, Entry } from "@remit/core";
import type { Config } from "../../config/model.ts";

/** What is the same for every entry of a request. */
export interface Asking {
  readonly client: string;
  /** Everybody who acts, from the first to the one who asks. */
  readonly actors: readonly string[];
  readonly subject: { readonly issuer: string; readonly subject: string };
  readonly policy: string;
  readonly depth: number;
  readonly durationMs: number;
}

/** The most that one entry allows of one action: no call under it can be more. */
export interface UpperBound {
  readonly client: string;
  readonly actors: readonly string[];
  readonly subject: { readonly issuer: string; readonly id: string };
  readonly policy: string;
  readonly action: string;
  readonly resource: string;
  readonly connection: string;
  readonly type: string;
  readonly classes: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Not one named record, but all within a parent. */
  readonly many: boolean;
  readonly depth: number;
  readonly durationSeconds: number;
  readonly uses: number;
}

/** What stands for uses without a limit: the largest number that is exact everywhere. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** One upper bound for every entry and action. */
export const boundsOf = (
  config: Pick<Config, "resources" | "connectors">,
  asking: Asking,
  authority: Authority,
): readonly UpperBound[] =>
  authority.flatMap((entry) => entry.actions.map((action) => boundOf(config, asking, entry, action)));

function boundOf(
  config: Pick<Config, "resources" | "connectors">,
  asking: Asking,
  entry: Entry,
  action: string,
): UpperBound {
  const at = entry.type.lastIndexOf(".");
  const resource = config.resources.get(entry.type.slice(0, at));
  const type = config.connectors.get(resource?.connector ?? "")?.types[entry.type.slice(at + 1)];
  if (resource === undefined || type === undefined) throw new Error(`the type \`${entry.type}\` is not configured`);
  const operations = Object.values(type.operations).filter((operation) => operation.action === action);
  return {
    client: asking.client,
    actors: asking.actors,
    subject: { issuer: asking.subject.issuer, id: asking.subject.subject },
    policy: asking.policy,
    action,
    resource: resource.resource,
    connection: resource.connection,
    type: entry.type,
    classes: [...new Set(operations.map((operation) => operation.class))].toSorted(),
    read: entry.fields.read,
    write: entry.fields.write,
    many: entry.record.by !== "identifier",
    depth: asking.depth,
    durationSeconds: Math.ceil(asking.durationMs / 1000),
    uses: entry.limits.uses ?? UNLIMITED,
  };
}

const entity = (type: string, id: string): CedarValueJson => ({ __entity: { type, id } });

/** Where each attribute of the context comes from. */
const VALUES: Readonly<Record<string, (bound: UpperBound) => CedarValueJson>> = {
  subject: ({ subject }) => ({ issuer: subject.issuer, id: subject.id }),
  actors: ({ actors }) => actors.map((actor) => entity("Client", actor)),
  policy: ({ policy }) => entity("Policy", policy),
  connection: ({ connection }) => entity("Connection", connection),
  type: ({ type }) => entity("RecordType", type),
  classes: ({ classes }) => [...classes],
  read: ({ read }) => [...read],
  write: ({ write }) => [...write],
  many: ({ many }) => many,
  depth: ({ depth }) => depth,
  duration: ({ durationSeconds }) => durationSeconds,
  uses: ({ uses }) => uses,
};

type Call = Pick<StatefulAuthorizationCall, "principal" | "action" | "resource" | "context" | "entities">;

/**
 * Says an upper bound in Cedar's words, with those attributes alone that some rule reads: reading them is most of what a
 * question costs. No entities, because none has parents or attributes.
 */
export function callsWith(attributes: readonly string[]): (bound: UpperBound) => Call {
  const values = Object.entries(VALUES).filter(([name]) => attributes.includes(name));
  return (bound) => ({
    principal: { type: "Client", id: bound.client },
    action: { type: "Action", id: bound.action },
    resource: { type: "Resource", id: bound.resource },
    context: Object.fromEntries(values.map(([name, value]) => [name, value(bound)])),
    entities: [],
  });
}
