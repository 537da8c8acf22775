import {
  atPointer,
  err,
  isMeaning,
  type Json,
  listIn,
  meaningIn,
  type Named,
  ok,
  type OpenLookup,
  readJson,
  recordPath,
  type RecordType,
  type Refusal,
  refuse,
  type Result,
  withMeanings,
} from "@remit/core";
import type { Served } from "../gateway.ts";
import { UpstreamFault } from "../upstream/fault.ts";
import { reflects } from "./reflected.ts";

const MAX_LOOKUP = 1_048_576;
/** What keys meant when they were last read. It only ever refuses: what is permitted was read in the same call. */
export interface LookupMemory {
  get(pinnedId: string, open: OpenLookup): string | undefined;
  put(pinnedId: string, lookup: OpenLookup["lookup"], key: string, value: string): void;
}

const MEMORY_MS = 60_000;
const MAX_REMEMBERED = 10_000;

/** Makes the memory of one connection. */
export function createLookupMemory(now: () => number): LookupMemory {
  const held = new Map<string, { readonly value: string; readonly at: number }>();
  const nameOf = (pinnedId: string, path: string, key: string): string => [pinnedId, path, key].join("\n");
  return {
    get(pinnedId, { lookup, key }) {
      const found = held.get(nameOf(pinnedId, lookup.path.text, key));
      return found !== undefined && now() - found.at < MEMORY_MS ? found.value : undefined;
    },
    put(pinnedId, lookup, key, value) {
      if (held.size >= MAX_REMEMBERED) held.clear();
      held.set(nameOf(pinnedId, lookup.path.text, key), { value, at: now() });
    },
  };
}

/** The call as it would be if every key still meant what it last meant; undefined if one is not known. */
export function recall(memory: LookupMemory, named: Named, pinnedId: string): Named | undefined {
  const found: Record<string, string> = {};
  for (const open of named.lookups) {
    const value = memory.get(pinnedId, open);
    if (value === undefined) return undefined;
    found[open.as] = value;
  }
  return withMeanings(named, found);
}

/** Finds out what a caller's keys mean, by this gateway's own read of the pinned record. What is decided is what was found. */
export async function lookUp(
  served: Served,
  named: Named,
  pinnedId: string,
  signal: AbortSignal,
): Promise<Result<Named, Refusal>> {
  const found: Record<string, string> = {};
  for (const open of named.lookups) {
    const list = await readList(served, open, named.routed.type, pinnedId, signal);
    if (!list.ok) return list;
    for (const item of list.value) remember(served.lookups, pinnedId, open, item);
    found[open.as] = meaningIn(open, list.value);
  }
  return ok(withMeanings(named, found));
}

async function readList(
  served: Served,
  open: OpenLookup,
  type: RecordType,
  pinnedId: string,
  signal: AbortSignal,
): Promise<Result<readonly Json[], Refusal>> {
  try {
    const answer = await served.upstream.send(
      {
        method: "GET",
        target: recordPath(open.lookup.path, type, pinnedId),
        body: undefined,
      },
      MAX_LOOKUP,
      signal,
    );
    // what was found is quoted in refusals, so it must not be the credential
    if (reflects(answer.body, served.spellings.reveal()))
      return err(refuse("reflected_secret", "the lookup's answer holds the injected credential"));
    const json = answer.status === 200 ? readJson(answer.body) : undefined;
    const list = json?.ok === true ? listIn(open, json.value) : undefined;
    return list !== undefined ? ok(list) : err(refuse("upstream_refused", "the lookup was not answered"));
  } catch (error) {
    if (error instanceof UpstreamFault) return err(refuse(error.code, error.message));
    throw error;
  }
}

function remember(memory: LookupMemory, pinnedId: string, { lookup }: OpenLookup, item: Json): void {
  const [key, value] = [atPointer(item, lookup.key), atPointer(item, lookup.value)];
  if (typeof key === "string" && isMeaning(value)) memory.put(pinnedId, lookup, key, value);
}
