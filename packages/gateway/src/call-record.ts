import { type Decided, fieldsToRead, type Json } from "@remit/core";
import type { VerifiedCall } from "@remit/sdk";
import type { Gateway } from "./gateway.ts";

/** Writes a record of a call; false if the log cannot be written. */
export type NoteCall = (
  kind: "call.intent" | "call.outcome" | "call.read" | "alarm",
  more: Readonly<Record<string, Json>>,
) => Promise<boolean>;

/** Makes what writes the records of one call. */
export function recorder(
  gateway: Gateway,
  decision: string,
  { claims }: VerifiedCall,
  { named, entry, pinnedId }: Decided,
): NoteCall {
  const { name, class: operationClass, write } = named.operation;
  const { response } = named.routed.spec;
  const ids = [claims.task, ...claims.grants, claims.jti, claims.sub, claims.act.sub, gateway.point()];
  return async (kind, more) => {
    try {
      await gateway.log.append({
        kind,
        decision,
        ids,
        body: {
          operation: name,
          class: operationClass,
          record: pinnedId,
          read:
            kind === "call.read" && (response.kind === "record" || response.kind === "records")
              ? [...fieldsToRead(named, entry)]
              : [],
          write: [...write],
          ...more,
        },
      });
      return true;
    } catch {
      // the log says no by failing; the call is refused by whoever asked
      return false;
    }
  };
}
