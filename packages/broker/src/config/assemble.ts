import type { Authority, Connector, ConnectorLookup } from "@remit/core";
import type { z } from "zod";
import type { Faults } from "./faults.ts";
import type { ConfigFiles } from "./files.ts";
import {
  type ClaimRules,
  type Config,
  placeholderLocation,
  type Role,
  type RoleRule,
  type Settings,
  type TrustPolicy,
} from "./model.ts";
import { type ParsedFile, readHeld } from "./parsed.ts";
import type {
  ceilingSchema,
  clientSchema,
  issuerSchema,
  pointSchema,
  policySchema,
  resourceSchema,
  settingsSchema,
} from "./schemas.ts";

/** The files, each read by itself. */
export interface Parsed {
  readonly settings: z.output<typeof settingsSchema> | undefined;
  readonly issuers: readonly ParsedFile<z.output<typeof issuerSchema>>[];
  readonly clients: readonly ParsedFile<z.output<typeof clientSchema>>[];
  readonly resources: readonly ParsedFile<z.output<typeof resourceSchema>>[];
  readonly points: readonly ParsedFile<z.output<typeof pointSchema>>[];
  readonly policies: readonly ParsedFile<z.output<typeof policySchema>>[];
  readonly ceilings: readonly ParsedFile<z.output<typeof ceilingSchema>>[];
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Names of connectors that could be used besides. */
  readonly shipped: readonly string[];
}

/** Puts the files together and checks what none of them shows alone; guardrails are read against what comes out. */
export function assemble(
  parsed: Parsed,
  files: ConfigFiles,
  digest: string,
  faults: Faults,
): Omit<Config, "guardrails"> | undefined {
  if (parsed.settings === undefined) return undefined;
  const lookup = lookupOf(parsed);
  checkNames(parsed, faults);
  const policies = parsed.policies.flatMap((file) => readPolicy(file, parsed, lookup, faults));
  const ceilings = parsed.ceilings.flatMap(({ path, value }) => {
    const may = readMay(value.may, path, lookup, faults);
    return may === undefined ? [] : [{ name: value.ceiling, may, depth: value.depth }];
  });
  return {
    digest,
    files,
    settings: readSettings(parsed.settings),
    issuers: new Map(parsed.issuers.map(({ name, value }) => [name, issuerOf(name, value)])),
    clients: new Map(
      parsed.clients.map(({ value }) => [
        value.client,
        { client: value.client, title: value.title ?? value.client, key: value.key },
      ]),
    ),
    resources: new Map(
      parsed.resources.map(({ value }) => [
        value.resource,
        { ...value, url: value.url, title: value.title ?? value.resource },
      ]),
    ),
    connectors: parsed.connectors,
    policies: new Map(policies.map((policy) => [policy.policy, policy])),
    ceilings: new Map(ceilings.map((ceiling) => [ceiling.name, ceiling])),
    points: parsed.points.map(({ value }) => value),
  };
}

/** What entry types there are: record types of the connectors of the configured resources. */
function lookupOf(parsed: Parsed): ConnectorLookup {
  const resources = new Map(parsed.resources.map(({ value }) => [value.resource, value]));
  return (type) => {
    const at = type.lastIndexOf(".");
    const resource = resources.get(type.slice(0, at));
    const connector = resource === undefined ? undefined : parsed.connectors.get(resource.connector);
    const name = type.slice(at + 1);
    if (resource === undefined || connector === undefined || !Object.hasOwn(connector.types, name)) return undefined;
    const recordType = connector.types[name];
    return recordType === undefined
      ? undefined
      : { location: placeholderLocation(resource.resource), connector, recordType };
  };
}

function checkNames(parsed: Parsed, faults: Faults): void {
  const own = [
    ...parsed.clients.map((file) => ({ ...file, says: file.value.client, key: "client" })),
    ...parsed.resources.map((file) => ({ ...file, says: file.value.resource, key: "resource" })),
    ...parsed.points.map((file) => ({ ...file, says: file.value.point, key: "point" })),
  ];
  for (const { path, name, says, key } of own)
    if (name !== says) faults.add(path, key, `is \`${says}\`, but the file is named \`${name}\``);
  for (const { path, value } of parsed.resources) {
    if (!parsed.connectors.has(value.connector))
      faults.add(
        path,
        "connector",
        `\`${value.connector}\` is not a connector; known are ${[...new Set([...parsed.shipped, ...parsed.connectors.keys()])].toSorted().join(", ")}`,
      );
  }
  for (const { path, value } of parsed.issuers) {
    const issuer = new URL(value.issuer);
    const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(issuer.hostname);
    if (issuer.protocol === "https:") continue;
    if (!value.insecure_loopback_http || !loopback)
      faults.add(path, "issuer", "is an https URL (`insecure_loopback_http: true` allows http on this machine)");
  }
}

function readPolicy(
  { path, value }: Parsed["policies"][number],
  parsed: Parsed,
  lookup: ConnectorLookup,
  faults: Faults,
): readonly TrustPolicy[] {
  if (!parsed.clients.some((client) => client.value.client === value.actor.client))
    faults.add(path, "actor.client", `\`${value.actor.client}\` has no file under clients/`);
  if (!parsed.issuers.some(({ name }) => name === value.subject.issuer))
    faults.add(path, "subject.issuer", `\`${value.subject.issuer}\` has no file under issuers/`);
  const may = readMay(value.may, path, lookup, faults);
  if (may === undefined) return [];
  const { task, grant, each } = value.limits;
  const aggregates = [each?.tasks?.live, each?.tasks?.per_hour, each?.records?.per_hour];
  const aggregate = aggregates.some((most) => most !== undefined);
  const namesAny = may.some((entry) => entry.record.by !== "identifier");
  if (namesAny && !aggregate) {
    faults.add(
      path,
      "limits.each",
      "is needed where `may` says `any` or `within`: say how many tasks or records each actor and subject may have",
    );
  }
  return [
    {
      policy: value.policy,
      client: value.actor.client,
      subject: value.subject,
      may,
      durationMs: task.duration,
      depth: task.depth,
      uses: grant?.uses,
      each: {
        ...(each?.tasks?.live === undefined ? {} : { tasksLive: each.tasks.live }),
        ...(each?.tasks?.per_hour === undefined ? {} : { tasksPerHour: each.tasks.per_hour }),
        ...(each?.records === undefined && !namesAny
          ? {}
          : { recordsPerHour: each?.records?.per_hour ?? RECORDS_PER_HOUR }),
      },
      needsApproval: value.approval !== "none",
    },
  ];
}

/** Where a request may name any record and the policy sets no number: enough for work, too little for guessing names. */
const RECORDS_PER_HOUR = 1_000;

function readMay(
  may: readonly unknown[],
  path: string,
  lookup: ConnectorLookup,
  faults: Faults,
): Authority | undefined {
  const read = readHeld(may, lookup);
  if (read.ok) return read.value;
  const detail = read.error.detail.replaceAll("authorization_details", "may");
  faults.add(path, "may", detail, faults.lineOf(path, /may[\w.[\]-]*/.exec(detail)?.[0] ?? "may"));
  return undefined;
}

function readSettings(value: z.output<typeof settingsSchema>): Settings {
  const { lifetimes, bounds, roles } = value;
  return {
    name: value.name,
    issuer: value.issuer,
    lifetimes: { tokenMs: lifetimes.token, leaseMs: lifetimes.lease, dormantMs: lifetimes.dormant },
    sessionMs: lifetimes.session,
    startMs: lifetimes.start,
    bootMs: lifetimes.boot,
    taskMaxMs: lifetimes.task_max,
    bounds: { read_ms: bounds.read, write_ms: bounds.write, reveal_ms: bounds.reveal },
    roles: [
      ...rules("viewer", roles.viewer),
      ...rules("approver", roles.approver),
      ...rules("operator", roles.operator),
      ...rules("owner", roles.owner),
    ],
  };
}

const rules = (role: Role, members: readonly { issuer: string; claims: ClaimRules }[]): readonly RoleRule[] =>
  members.map((member) => ({ role, ...member }));

function issuerOf(
  name: string,
  value: z.output<typeof issuerSchema>,
): NonNullable<ReturnType<Config["issuers"]["get"]>> {
  return {
    name,
    issuer: value.issuer,
    algorithms: value.algorithms,
    sessions: value.sessions,
    idTokens: new Map(Object.entries(value.id_token?.audiences ?? {})),
    accessTokens:
      value.access_token === undefined
        ? undefined
        : {
            audience: value.access_token.audience,
            clients: new Map(Object.entries(value.access_token.clients)),
          },
    maxAgeSeconds: value.max_age / 1000,
    tasksPerToken: value.tasks_per_token,
    insecureLoopbackHttp: value.insecure_loopback_http,
  };
}
