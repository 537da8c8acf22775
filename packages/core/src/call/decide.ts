import type { Authority } from "../authority/entry.ts";
import { permits } from "../authority/permits.ts";
import type { Connector, RecordType } from "../connector/connector.ts";
import type { Head } from "../http-head.ts";
import type { Json, JsonLimits } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import { decideInside } from "./decide-inside.ts";
import type { Decided } from "./decided.ts";
import { type DecisionPrimitives, nameCall } from "./name-call.ts";
import type { ResourceName } from "./name-operation.ts";
import type { Named } from "./named.ts";
import type { Proof } from "./prove.ts";
import { sentRoles } from "./sent-roles.ts";

/** Under what a call is decided. */
export interface Terms {
  readonly connector: Connector;
  readonly resource: ResourceName;
  readonly authority: Authority;
  readonly primitives: DecisionPrimitives;
}

/** One request whose head was read; its body is read once it is known how large it may be. */
export interface CallRequest {
  readonly head: Head;
  /** Raw path segments below the resource. */
  readonly segments: readonly string[];
  /** Reads the body strictly, within these limits; undefined: there is none. */
  readonly readBody: (limits: JsonLimits) => Promise<Result<Json | undefined, Refusal>>;
  /** One of several that are sent only if each of them may be. */
  readonly decidedWithOthers?: boolean;
}

/** What the request does not say. The gateway asks the upstream for it; who only explains a call answers what is known. */
export interface Reads {
  /** Is told the operation as soon as it has a name. */
  readonly named: (operation: string) => void;
  /** The call as it would be if every key still meant what it last meant; undefined if one is not known. */
  readonly recall: (named: Named, pinnedId: string) => Named | undefined;
  /** The call with what its keys mean for the pinned record. */
  readonly lookUp: (named: Named, pinnedId: string) => Promise<Result<Named, Refusal>>;
  /** Which record a name is, and what it is part of; `outside` is the answer for every record that is elsewhere. */
  readonly prove: (type: RecordType, named: string, outside: Refusal) => Promise<Result<Proof, Refusal>>;
}

/**
 * Decides one call: routes it, reads its body, names its operation, asks the authority. The gateway, the must lists and
 * `remit explain` all decide by this one function.
 */
export async function decideCall(terms: Terms, request: CallRequest, reads: Reads): Promise<Result<Decided, Refusal>> {
  const { authority } = terms;
  const named = await nameCall(terms, request);
  if (!named.ok) return named;
  reads.named(named.value.operation.name);
  // the record is judged before anything is looked up for it, so that nothing is learnt about other records
  const first = permits(authority, named.value.operation);
  const inside = first.ok
    ? undefined
    : decideInside(authority, named.value, first.error, reads, request.decidedWithOthers);
  if (inside !== undefined) return inside;
  const blocked = !first.ok && !(first.error.code === "value_not_granted" && named.value.lookups.length > 0);
  if (blocked) return first;
  return decidePinned(authority, named.value, reads);
}

/** Decides a call whose record an entry names. */
async function decidePinned(authority: Authority, named: Named, reads: Reads): Promise<Result<Decided, Refusal>> {
  const pinnedId = pinnedIdOf(authority, named);
  if (pinnedId === undefined)
    return err(
      refuse("record_not_granted", "no entry names this record", {
        operation: named.operation.name,
        alias: named.routed.named,
      }),
    );
  const recalled = reads.recall(named, pinnedId);
  const known = recalled === undefined ? undefined : permits(authority, recalled.operation);
  if (known?.ok === false) return known;
  const complete = named.lookups.length === 0 ? ok(named) : await reads.lookUp(named, pinnedId);
  if (!complete.ok) return complete;
  const permitted = permits(authority, complete.value.operation);
  if (!permitted.ok) return permitted;
  const entry = authority[permitted.value.entries[0] ?? -1];
  // what was looked up was looked up for this very record
  if (entry === undefined || entry.record.by === "any" || entry.record.identifier !== pinnedId)
    return err(refuse("record_not_granted", "the permitting entry names no record, or another one"));
  const roles = sentRoles(authority, complete.value, permitted.value);
  return roles.ok ? ok({ named: complete.value, entry, pinnedId, roles: roles.value }) : roles;
}

function pinnedIdOf(authority: Authority, named: Named): string | undefined {
  const [own] = named.operation.records;
  const { named: spelled } = named.routed;
  for (const { record, type: entryType } of authority) {
    if (entryType !== own?.type || record.by === "any" || (record.by === "within") !== (own.listed !== undefined))
      continue;
    if (record.by === "within" && record.type !== own.listed) continue;
    if (record.identifier === spelled || record.alias === spelled) return record.identifier;
  }
  return undefined;
}

const NEEDS_APPROVAL = ["money", "reveal", "mint"];

/** What a person must have seen as it is. Approvals cannot be presented yet, so there is none. */
export function missingApproval({ named: { operation } }: Decided): Refusal | undefined {
  if (!NEEDS_APPROVAL.includes(operation.class)) return undefined;
  const { name, records } = operation;
  const alias = records[0]?.named ?? "";
  return refuse("approval_required", `operations of class \`${operation.class}\``, { operation: name, alias });
}
