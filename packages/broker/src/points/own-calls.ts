import type { InFlight } from "../feed/in-flight.ts";
import type { PointRow, Store } from "../store/store.ts";
import type { Channels } from "./channels.ts";

/** What it takes to know whose call is told of. */
export interface OwnCalls {
  readonly store: { readonly read: Pick<Store["read"], "revocationsAfter" | "task" | "grant"> };
  readonly channels: Pick<Channels, "serves" | "servesNamed">;
  /** The URL of a resource where the configuration says it; else its point does. */
  readonly urlOf: (resource: string) => string | undefined;
}

/** Of what a point tells, that which is about an end that was, and a call at a resource that it serves. */
export function ownCalls(desk: OwnCalls, point: PointRow, told: readonly InFlight[]): readonly InFlight[] {
  const known = new Map<string, boolean>();
  return told.filter(({ id, n, operation }) => {
    const [resource = ""] = operation.split(".");
    const key = `${n} ${id} ${resource}`;
    const is = known.get(key) ?? (wasEnded(desk, id, n) && isServed(desk, point, id, resource));
    known.set(key, is);
    return is;
  });
}

const wasEnded = ({ store }: OwnCalls, id: string, n: number): boolean =>
  store.read.revocationsAfter(n - 1, 1)[0]?.id === id;

function isServed({ store: { read }, channels, urlOf }: OwnCalls, point: PointRow, id: string, name: string): boolean {
  const served = (url: string): boolean => channels.serves(point, url);
  if (!channels.servesNamed(point, name, urlOf(name))) return false;
  if (id.startsWith("tsk_")) return read.task(id).some(({ resource }) => served(resource));
  const grant = id.startsWith("grn_") ? read.grant(id) : undefined;
  // a lasting id may have been used anywhere
  return grant === undefined || served(grant.resource);
}
