import { atPointer, findRecord, isNameOf, type Json, type JsonObject } from "@remit/core";
import type { ResolveRequest } from "@remit/sdk";
import type { Served } from "../gateway.ts";
import { askOf } from "../within/prove.ts";

/** What a lookup found. */
export interface Found {
  /** The name that people use; the identifier where the type has no other name. */
  readonly alias: string;
  readonly id: string;
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
  readonly version: null;
  readonly shown: JsonObject;
}

const TIMEOUT_MS = 1_200;
/** Longest text that a card shows of a record, in UTF-16 units. */
const MAX_SHOWN = 1_024;

/** Looks a record up for the broker, under the connector's `resolve` and this gateway's own connection. Every failure is the same nothing. */
export async function resolveRecord(served: Served | undefined, request: ResolveRequest): Promise<Found | undefined> {
  if (
    served === undefined ||
    served.connection.id !== request.connection ||
    served.connector.digest !== request.connector
  )
    return undefined;
  const type = Object.hasOwn(served.connector.types, request.type) ? served.connector.types[request.type] : undefined;
  if (type?.resolve === undefined) return undefined;
  const named = request.named.by === "alias" ? request.named.alias : request.named.identifier;
  if (!isNameOf(type, named)) return undefined;
  const found = await findRecord(type, named, askOf(served, AbortSignal.timeout(TIMEOUT_MS)));
  if (!found.ok) return undefined;
  const { id, alias = id, parents, body } = found.value;
  // a text that is spelled like both names is taken for the one that was asked for
  if (named !== (request.named.by === "alias" ? alias : id)) return undefined;
  const shown: Record<string, Json> = {};
  for (const name of request.show) {
    const pointer = Object.hasOwn(type.resolve.show, name) ? type.resolve.show[name] : undefined;
    const value = pointer === undefined ? undefined : atPointer(body, pointer);
    if (typeof value === "string" && value.length <= MAX_SHOWN) shown[name] = value;
  }
  return { id, alias, parents, version: null, shown };
}
