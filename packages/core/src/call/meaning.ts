import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json } from "../json/read.ts";
import type { Named, OpenLookup } from "./named.ts";

/** Longest value that a key may mean; what is longer means nothing here. */
const MAX_VALUE = 256;

/** The list in the answer to a lookup; undefined: the answer has none. */
export function listIn({ lookup }: OpenLookup, answer: Json | undefined): readonly Json[] | undefined {
  const list = isJsonObject(answer) ? atPointer(answer, lookup.list) : undefined;
  return Array.isArray(list) ? list : undefined;
}

/** What a caller's key means by a list. A key that means nothing here is a value that nobody was granted. */
export function meaningIn({ lookup, key }: OpenLookup, list: readonly Json[]): string {
  const found = list.filter((item) => atPointer(item, lookup.key) === key);
  const value = found.length === 1 && found[0] !== undefined ? atPointer(found[0], lookup.value) : undefined;
  return isMeaning(value) ? value : `unknown:${key}`;
}

/** Whether a value can be what a key means. */
export const isMeaning = (value: Json | undefined): value is string =>
  typeof value === "string" && value.length <= MAX_VALUE;

/** The call with what its keys were found to mean, by the pointers that `where` speaks about. */
export const withMeanings = (named: Named, found: Readonly<Record<string, string>>): Named => ({
  ...named,
  operation: { ...named.operation, members: { ...named.operation.members, ...found } },
});
