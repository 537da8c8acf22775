import { identifierIn, type Knowledge, readSpelled, route } from "@remit/core";
import type { Place } from "../explain/place.ts";
import type { RecordedCall } from "./har.ts";

interface Names {
  readonly identifier: string;
  readonly alias: string;
}

/** Both names of a record, where an answer of the recording says them. */
export function namesIn({ connector }: Place, calls: readonly RecordedCall[]): Knowledge["names"] {
  const held = new Map<string, Names>();
  for (const { method, target, answer } of calls) {
    if (answer === undefined) continue;
    const [path = ""] = target.split("?");
    for (const { type, spec, named, by } of route(connector, method, path.slice(1).split("/"))) {
      if (by !== "alias" || spec.response.kind !== "record") continue;
      const said = type.alias === undefined ? {} : (readSpelled(type.alias, named) ?? {});
      const identifier = identifierIn(answer, type, spec.response.id, said);
      if (identifier === undefined) continue;
      const names = { identifier, alias: named };
      held.set(`${type.name} ${named}`, names).set(`${type.name} ${identifier}`, names);
    }
  }
  return (type, name) => held.get(`${type.name} ${name}`);
}
