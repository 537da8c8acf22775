import type { Json, KnownAnswers } from "@remit/core";
import type { RecordedCall } from "./har.ts";

/** What the recording itself answers to a read of the gateway's own: the last answer before the call, or else the first one after it. */
export function answersIn(calls: readonly RecordedCall[]): (number: number) => KnownAnswers {
  const byPath = new Map<string, { readonly number: number; readonly answer: Json }[]>();
  for (const { number, method, target, answer } of calls) {
    if (method !== "GET" || answer === undefined) continue;
    const [path = ""] = target.split("?");
    byPath.set(path, [...(byPath.get(path) ?? []), { number, answer }]);
  }
  return (number) => (target) => {
    const told = byPath.get(target.split("?")[0] ?? "") ?? [];
    return (told.findLast((one) => one.number < number) ?? told[0])?.answer;
  };
}
