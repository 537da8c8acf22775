import { type AskedEntry, err, ok, type ParentsOf, refuse, type Refusal, type Result } from "@remit/core";
import type { Broker, Reachable } from "./broker.ts";
import type { Resolved } from "./points/channels.ts";

/** Longest time that resolution may take, and the time at which every failure of it is answered. */
const RESOLVE_MS = 1_500;

/** Asked entries with every record pinned to its immutable id, and what was learnt of their parents. */
export interface Pinned {
  readonly entries: readonly AskedEntry[];
  readonly parentsOf: ParentsOf;
  readonly records: readonly string[];
}

/**
 * Pins every named record by asking the gateway that holds the connection. All ways in which a name does not resolve
 * have one refusal; the caller waits for `resolveTime` before it is given.
 */
export async function pinRecords(
  broker: Broker,
  reachable: Reachable,
  asked: readonly AskedEntry[],
): Promise<Result<Pinned, Refusal>> {
  const found = await Promise.all(asked.map(async (entry) => pin(broker, reachable, entry)));
  const complete = found.filter((one) => one !== undefined);
  if (complete.length < asked.length) return err(refuse("record_not_resolved", "a record did not resolve"));
  const parents = new Map(
    complete.map(({ entry, resolved }) => [`${entry.type} ${resolved?.id ?? ""}`, resolved?.parents ?? []]),
  );
  return ok({
    entries: complete.map(({ entry }) => entry),
    parentsOf: (type, identifier) => parents.get(`${type} ${identifier}`) ?? [],
    records: complete
      .map(({ entry }) => (entry.record.by === "identifier" ? entry.record.identifier : ""))
      .filter((id) => id !== ""),
  });
}

async function pin(
  broker: Broker,
  reachable: Reachable,
  entry: AskedEntry,
): Promise<{ entry: AskedEntry; resolved: Resolved | undefined } | undefined> {
  const { record, type } = entry;
  // a `within` names its parent by id and is judged against the policy as it is
  if (record.by === "within") return { entry, resolved: undefined };
  if (record.by === "any") return undefined;
  const named = record.by === "alias" ? { alias: record.alias } : { identifier: record.identifier };
  const { connection, connector, resource } = reachable;
  const resolved = await broker.channels.resolve(
    { connection, connector, type: type.slice(resource.length + 1), named, show: [] },
    RESOLVE_MS,
  );
  if (resolved === undefined) return undefined;
  if (
    record.by === "identifier" &&
    (resolved.id !== record.identifier || (record.alias !== undefined && record.alias !== resolved.alias))
  )
    return undefined;
  return {
    entry: {
      ...entry,
      record: { by: "identifier", identifier: resolved.id, alias: resolved.alias },
    },
    resolved,
  };
}

/** Waits until the one time after the start at which every refusal that depends on a resolved record is given. */
export async function resolveTime(startedMs: number, now: () => number): Promise<void> {
  const left = startedMs + RESOLVE_MS - now();
  if (left <= 0) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  setTimeout(() => resolve(undefined), left);
  await promise;
}
