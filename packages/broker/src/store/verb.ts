import { randomFillSync } from "node:crypto";
import { createIdBytes, type IdPrefix, makeId, type Refusal } from "@remit/core";
import type { Lifetimes } from "./lifetimes.ts";
import type { Sql } from "./rows.ts";
import type { NewRecord, RevocationItem } from "./store.ts";

/** What a verb runs with: one savepoint of the writer's transaction. */
export interface Writing {
  readonly sql: Sql;
  readonly nowMs: number;
  readonly lifetimes: Lifetimes;
  /** Appends a record to the log, in this transaction. */
  record(entry: NewRecord): void;
  /** Takes the next position of the feed for a revocation, in this transaction. */
  revoke(id: string, beforeMs: number | undefined): RevocationItem;
  /** True while the clock stands before what was already written: nothing is issued then. */
  readonly issuingPaused: boolean;
}

/** Leaves a verb: its savepoint is rolled back, and the refusal is its answer. */
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

const idBytes = createIdBytes(randomFillSync);

/** A fresh id of the writer's own time. */
export const newId = (prefix: IdPrefix, nowMs: number): string => makeId(prefix, nowMs, idBytes());
