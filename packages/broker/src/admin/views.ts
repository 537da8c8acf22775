import { callableTypes, type Connector, type ConnectorLookup, describe, nameableTypes, readJson } from "@remit/core";
import { type Broker, reach } from "../broker.ts";
import { placeholderLocation } from "../config/model.ts";
import type { GrantRow } from "../store/store.ts";

/** A task as people and programs see it. Times are milliseconds. */
export function taskView(row: GrantRow, now: number): Record<string, unknown> {
  const authority = readJson(row.authority);
  const state =
    row.endedMs !== undefined ? "ended" : row.taskEndsMs <= now ? "over" : row.leaseUntilMs <= now ? "dormant" : "live";
  return {
    task: row.task,
    grant: row.grant,
    state,
    subject: row.subject,
    subject_identity: row.subjectIdentity,
    agent: row.agent,
    client: row.clientName,
    policy: row.policyName,
    resource: row.resource,
    purpose: row.purpose ?? null,
    authorization_details: authority.ok ? authority.value : null,
    begun_at: row.createdMs,
    ends_at: row.taskEndsMs,
    lease_until: row.leaseUntilMs,
    ended_at: row.endedMs ?? null,
    uses_left: row.usesLeft ?? null,
  };
}

/** The configured resources, whether they can be reached now, and what programs need to use them. */
export function resourceViews(broker: Broker): readonly Record<string, unknown>[] {
  return [...broker.config.resources.values()].map((resource) => {
    const reachable = reach(broker, resource.resource);
    const connector = broker.config.connectors.get(resource.connector);
    const known = typeof reachable === "object" ? reachable : undefined;
    return {
      name: resource.resource,
      title: resource.title,
      url: known?.url ?? resource.url ?? null,
      available: known !== undefined,
      account: known?.account ?? null,
      connector: connector?.name ?? resource.connector,
      types: nameableTypes(connector ?? { types: {} }).map((type) => `${resource.resource}.${type}`),
      identified: identifiedTypes(connector).map((type) => `${resource.resource}.${type}`),
      environment: connector?.environment ?? null,
      max_body: maxBodyOf(connector),
    };
  });
}

/** Types whose records have no other name than their identifier. */
const identifiedTypes = (connector: Connector | undefined): readonly string[] =>
  callableTypes(connector ?? { types: {} }).filter((type) => connector?.types[type]?.alias === undefined);

/** The largest body that an operation of a connector takes, in bytes. */
const maxBodyOf = (connector: Connector | undefined): number =>
  Object.values(connector?.types ?? {})
    .flatMap(({ operations }) => Object.values(operations))
    .reduce((largest, { body }) => Math.max(largest, body?.max ?? 0), 0);

/** The policies in sentences. */
export function policyViews(broker: Broker): readonly Record<string, unknown>[] {
  return [...broker.config.policies.values()].map((policy) => ({
    policy: policy.policy,
    client: policy.client,
    rights: "with the rights of the connection's account, not the person's",
    sentences: describe(policy.may, lookupFor(broker)),
  }));
}

function lookupFor(broker: Broker): ConnectorLookup {
  return (type) => {
    const at = type.lastIndexOf(".");
    const resource = broker.config.resources.get(type.slice(0, at));
    const connector = resource === undefined ? undefined : broker.config.connectors.get(resource.connector);
    const name = type.slice(at + 1);
    const recordType =
      connector !== undefined && Object.hasOwn(connector.types, name) ? connector.types[name] : undefined;
    return resource === undefined || connector === undefined || recordType === undefined
      ? undefined
      : { location: placeholderLocation(resource.resource), connector, recordType };
  };
}
