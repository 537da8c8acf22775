import type { Json } from "./json/read.ts";

/** What an operation can do to the world; bounds of freshness and rules of approval depend on it. */
export type OperationClass = "read" | "write" | "money" | "reveal" | "mint";

/** A record that a call touches, in one role. */
export interface OperationRecord {
  /** `record` for the operation's own record; other roles are declared by the connector (`target`, `linked`). */
  readonly role: string;
  /** `<resource name>.<record type>`. */
  readonly type: string;
  /** The action that some entry must hold for this role. */
  readonly action: string;
  /** Actions that the same entry must hold too, because the call creates or changes more than the record's fields. */
  readonly also?: readonly string[];
  /** There where the call lists the records within a parent: `named` is the parent of this type then. */
  readonly listed?: string;
  /** As the caller spelled it: the immutable identifier or the alias. */
  readonly named: string;
  /** The immutable identifier, where a response of this very call has proven it. */
  readonly identifier?: string;
  /** Parents proven by a response of this very call; empty where none were read. */
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
}

/** A call in canonical form: what was decided is a function of this, and so are the bytes that are sent. */
export interface Operation {
  /** `<resource name>.<record type>.<operation>`, e.g. `jira-acme.issue.edit`. */
  readonly name: string;
  readonly location: string;
  readonly class: OperationClass;
  /** Never empty; the first is the operation's own record. */
  readonly records: readonly OperationRecord[];
  /** Fields that the response would disclose because the caller named them; sorted. */
  readonly read: readonly string[];
  /** Fields that the call writes; sorted. */
  readonly write: readonly string[];
  /** Canonical values by JSON pointer; what `where` speaks about. */
  readonly members: Readonly<Record<string, Json>>;
  /**
   * Pointers that may be absent from a call: fields that it leaves unchanged, with what can be done to them, and what a
   * list is filtered by afterwards.
   */
  readonly fieldPointers: readonly string[];
}
