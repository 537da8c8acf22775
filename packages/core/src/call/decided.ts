import type { Entry } from "../authority/entry.ts";
import type { Refusal } from "../refusal.ts";
import type { Named } from "./named.ts";
import type { SentRoles } from "./rebuild.ts";

/** A permitted call, with the one entry that permits it and the record that it is about. */
export interface Decided {
  readonly named: Named;
  readonly entry: Entry;
  /** The record's immutable id; where the answer itself has yet to prove it, the record as the caller named it. */
  readonly pinnedId: string;
  /** How the other records of the call are sent, by role. */
  readonly roles: SentRoles;
  /** There where no entry names the record itself. */
  readonly inside?: Inside;
}

/** What a call under a `within` grant carries from its decision to its release. */
export interface Inside {
  /** What every record gets that is not proven to be inside, whether or not it exists. */
  readonly outside: Refusal;
  /** `answer`: the response says itself where the record is. `before`: it was read in this call, and is read again. */
  readonly provenBy: "answer" | "before";
  /** Fields that the answer must hold so that it says where the record is. */
  readonly ask: readonly string[];
  /** The version that was read, where the upstream itself refuses another one. */
  readonly version: string | undefined;
}
