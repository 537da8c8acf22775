import { type AskedEntry, err, ok, type ParentsOf, refuse, type Refusal, type Result } from "@remit/core";
import type { Broker, Reachable } from "./broker.ts";
import type { Resolved } from "./points/channels.ts";

/** Longest time that resolution may take, and the time at which every failure of it is answered. */
const RESOLVE_MS = 1_500;

/** Asked entries with every record, and every parent of a `within`, pinned to its immutable id, and what was learnt of their parents. */
export interface Pinned {
  readonly entries: readonly AskedEntry[];
  readonly parentsOf: ParentsOf;
  readonly records: readonly string[];
}

/**
 * Pins every named record and parent by asking the gateway that holds the connection. All ways in which a name does not resolve
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
  const known = new Map(
    complete.flatMap(({ entry: { type, record }, parents }) =>
      record.by === "identifier" ? [[`${type} ${record.identifier}`, parents] as const] : [],
    ),
  );
  return ok({
    entries: complete.map(({ entry }) => entry),
    parentsOf: (type, identifier) => known.get(`${type} ${identifier}`) ?? [],
    records: complete.flatMap(({ entry: { record } }) => {
      if (record.by === "identifier") return [record.identifier];
      return record.by === "within" ? [`${record.type}/${record.identifier}`] : [];
    }),
  });
}

async function pin(
  broker: Broker,
  reachable: Reachable,
  entry: AskedEntry,
): Promise<{ entry: AskedEntry; parents: Resolved["parents"] } | undefined> {
  const { record } = entry;
  if (record.by === "any") return undefined;
  const { connection, connector, resource } = reachable;
  const isParent = record.by === "within" || record.by === "within_alias";
  const type = isParent ? record.type : entry.type.slice(resource.length + 1);
  const named =
    record.by === "identifier" || record.by === "within" ? { identifier: record.identifier } : { alias: record.alias };
  const resolved = await broker.channels.resolve({ connection, connector, type, named, show: [] }, RESOLVE_MS);
  if (resolved === undefined || !isAbout(resolved, record)) return undefined;
  const { id: identifier, parents } = resolved;
  // a record that has no other name is called by its identifier
  const names = resolved.alias === identifier ? { identifier } : { identifier, alias: resolved.alias };
  // what a person is shown of a parent is as proven as what they are shown of a record
  if (isParent) return { entry: { ...entry, record: { by: "within", type, ...names } }, parents: [] };
  return { entry: { ...entry, record: { by: "identifier", ...names } }, parents };
}

/** Whether what was found has every name that was asked for. */
function isAbout({ id, alias }: Resolved, record: Exclude<AskedEntry["record"], { by: "any" }>): boolean {
  if ("identifier" in record && record.identifier !== id) return false;
  return record.alias === undefined || record.alias === alias;
}

/** Waits until the one time after the start at which every refusal that depends on a resolved record is given. */
export async function resolveTime(startedMs: number, now: () => number): Promise<void> {
  const left = startedMs + RESOLVE_MS - now();
  if (left <= 0) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  setTimeout(() => resolve(undefined), left);
  await promise;
}
