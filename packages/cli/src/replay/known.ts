import type { Json, KnownAnswers } from "@remit/core";
import { lookupTarget } from "../explain/place.ts";
import type { RecordedCall } from "./har.ts";

/** What the recording itself says of a lookup: the last answer before the call, or else the first one after it. */
export function answersIn(calls: readonly RecordedCall[]): (number: number) => KnownAnswers {
  const byPath = new Map<string, { readonly number: number; readonly answer: Json }[]>();
  for (const { number, method, target, answer } of calls) {
    if (method !== "GET" || answer === undefined) continue;
    const [path = ""] = target.split("?");
    byPath.set(path, [...(byPath.get(path) ?? []), { number, answer }]);
  }
  return (number) =>
    ({ lookup }, pinnedId, named) => {
      for (const name of [pinnedId, named.routed.named]) {
        const told = byPath.get(lookupTarget(lookup, named.routed.type, name) ?? "") ?? [];
        const near = told.findLast((one) => one.number < number) ?? told[0];
        if (near !== undefined) return near.answer;
      }
      return undefined;
    };
}
