import {
  atPointer,
  isJsonObject,
  isNameOf,
  type Json,
  type JsonObject,
  readJson,
  recordPath,
  type RecordType,
} from "@remit/core";
import type { ResolveRequest } from "@remit/sdk";
import type { Served } from "../gateway.ts";
import { reflects } from "../http/reflected.ts";

/** What a lookup found. */
export interface Found {
  readonly alias: string;
  readonly id: string;
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
  readonly version: null;
  readonly shown: JsonObject;
}

const MAX_ANSWER = 262_144;
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
  if (type === undefined) return undefined;
  const named = request.named.by === "alias" ? request.named.alias : request.named.identifier;
  if (!isNameOf(type, named)) return undefined;
  const answer = await served.upstream.send(
    { method: "GET", target: resolvePath(type, named), body: undefined },
    MAX_ANSWER,
    AbortSignal.timeout(TIMEOUT_MS),
  );
  if (answer.status !== 200 || reflects(answer.body, served.spellings.reveal())) return undefined;
  const json = readJson(answer.body);
  return json.ok && isJsonObject(json.value) ? readFound(json.value, type, request) : undefined;
}

function readFound(answer: JsonObject, type: RecordType, request: ResolveRequest): Found | undefined {
  const known = identityIn(answer, type);
  if (known === undefined) return undefined;
  // an upstream that answers for another spelling (an old key, another case) did not find what was asked
  const asked =
    request.named.by === "alias" ? request.named.alias === known.alias : request.named.identifier === known.id;
  if (!asked) return undefined;
  const shown: Record<string, Json> = {};
  for (const name of request.show) {
    const pointer = Object.hasOwn(type.resolve.show, name) ? type.resolve.show[name] : undefined;
    const value = pointer === undefined ? undefined : atPointer(answer, pointer);
    if (typeof value === "string" && value.length <= MAX_SHOWN) shown[name] = value;
  }
  return { ...known, version: null, shown };
}

/** The one read that says which record a name is, and what it is part of. */
export function resolvePath(type: RecordType, named: string): string {
  const query = new URLSearchParams(type.resolve.query).toString();
  return `${recordPath(type.resolve.path, named)}${query === "" ? "" : `?${query}`}`;
}

/** Which record an answer is about, and what it says that the record is part of. */
export function identityIn(answer: JsonObject, type: RecordType): Pick<Found, "id" | "alias" | "parents"> | undefined {
  const [id, alias] = [atPointer(answer, type.resolve.id), atPointer(answer, type.resolve.alias)];
  if (typeof id !== "string" || typeof alias !== "string" || !isNameOf(type, id) || !isNameOf(type, alias))
    return undefined;
  const parents = Object.entries(type.parents).flatMap(([parent, { at }]) => {
    const value = atPointer(answer, at);
    return typeof value === "string" ? [{ type: parent, identifier: value }] : [];
  });
  return { id, alias, parents };
}
