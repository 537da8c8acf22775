import type { Operation, OperationRecord } from "../operation.ts";
import type { Authority } from "./entry.ts";

/**
 * The call as it would be if its record were inside every parent that the authority names. What is not permitted even
 * then is refused from the request's own bytes, before anything is read for it.
 */
export function supposeInside(authority: Authority, operation: Operation): Operation {
  const parents = authority.flatMap(({ record }) =>
    record.by === "within" ? [{ type: record.type, identifier: record.identifier }] : [],
  );
  // no identifier is spelled like this, so no exclusion speaks of it
  return about(operation, { identifier: "", parents });
}

/** The call with what a response of this very call has proven of its record. */
export const proven = (
  operation: Operation,
  proof: { readonly id: string; readonly parents: OperationRecord["parents"] },
): Operation => about(operation, { identifier: proof.id, parents: proof.parents });

const about = (operation: Operation, known: Pick<OperationRecord, "identifier" | "parents">): Operation => ({
  ...operation,
  records: operation.records.map((record) => (record.role === "record" ? { ...record, ...known } : record)),
});
