import type { Authority } from "../authority/entry.ts";
import type { Permitted } from "../authority/permits.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { Named } from "./named.ts";
import type { SentRoles } from "./rebuild.ts";

/**
 * How the other records of a call are sent. Each is named by the entry that permits it, never by where it is: nothing
 * proves in this call that such a record is inside a parent.
 */
export function sentRoles(
  authority: Authority,
  { operation }: Named,
  { entries }: Permitted,
): Result<SentRoles, Refusal> {
  const roles: Record<string, string> = {};
  for (const [index, record] of operation.records.entries()) {
    if (record.role === "record") continue;
    const entry = authority[entries[index] ?? -1];
    if (entry?.record.by !== "identifier")
      return err(
        refuse("record_not_granted", `no entry names the ${record.role}`, {
          operation: operation.name,
          alias: record.named,
        }),
      );
    roles[record.role] = record.named;
  }
  return ok(roles);
}
