import { createPrivateKey, hash, sign } from "node:crypto";
import {
  appendLeaf,
  type Frontier,
  type JsonObject,
  leafHash,
  readRecordLine,
  recordLine,
  signJws,
  utf8,
} from "@remit/core";
import { frontierOf, peaksOf, sha256 } from "./frontier.ts";
import { integer, type Sql, text } from "./rows.ts";
import type { NewRecord, RevocationItem } from "./words.ts";

/** Something that grows inside a transaction, and can be set back if a part of it is undone. */
export interface Growing {
  mark(): () => void;
}

/** The log as the writer grows it: lines and the tree's right edge, in one transaction. */
export interface LogWriter extends Growing {
  append(nowMs: number, entry: NewRecord): void;
  /** Writes the new edge, if there is one. */
  settle(nowMs: number): void;
  /** Milliseconds of the last record. */
  readonly lastMs: number;
}

export function createLogWriter(sql: Sql): LogWriter {
  const head = sql.one("select size, peaks, at_ms from log_head");
  if (head === undefined) throw new Error("the log has no head");
  let frontier: Frontier = frontierOf(head);
  let written = frontier.size;
  return {
    lastMs: integer(head, "at_ms"),
    mark() {
      const before = { frontier, written };
      return () => ({ frontier, written } = before);
    },
    append(nowMs, { kind, decision, ids, body }) {
      const line = recordLine({ n: frontier.size, at: nowMs, kind, decision, ids, body });
      if (line.length > SHORT && readRecordLine(line) === undefined)
        throw new TypeError("a record is longer or deeper than who verifies it would read");
      const task = ids.find((id) => id.startsWith("tsk_")) ?? null;
      sql.run("insert into log values (?, ?, ?, ?, ?)", frontier.size, nowMs, decision, task, line);
      frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
    },
    settle(nowMs) {
      if (frontier.size === written) return;
      sql.run("update log_head set size = ?, peaks = ?, at_ms = ?", frontier.size, peaksOf(frontier), nowMs);
      written = frontier.size;
    },
  };
}

/** Bodies are flat lists of what we name ourselves; a shorter line of such a body reaches no limit of reading. */
const SHORT = 2_048;

/** A signed batch of the feed, as it follows one commit. */
export interface SignedBatch {
  readonly jws: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly items: readonly RevocationItem[];
}

/** The feed as the writer grows it: dense positions in commit order, one signed batch a commit. */
export interface FeedWriter extends Growing {
  revoke(id: string, nowMs: number, beforeMs: number | undefined): RevocationItem;
  /** Signs and writes what was revoked since the last batch. */
  settle(nowMs: number): SignedBatch | undefined;
}

const SLACK_SECONDS = 60;

export function createFeedWriter(
  sql: Sql,
  given: { readonly keyPem: string; readonly kid: string; readonly tokenMs: number },
): FeedWriter {
  const key = createPrivateKey(given.keyPem);
  const es256 = (input: string): Uint8Array => sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  let items: readonly RevocationItem[] = [];
  let head = feedHead(sql);
  return {
    mark() {
      const before = { items, head };
      return () => ({ items, head } = before);
    },
    revoke(id, nowMs, beforeMs) {
      // no token that was issued before now lives longer than this
      const forget = Math.ceil((nowMs + given.tokenMs) / 1000) + SLACK_SECONDS;
      const n = head.n + items.length + 1;
      sql.run("insert into revocation values (?, ?, ?, ?)", n, id, beforeMs ?? null, forget);
      const item = { n, id, ...(beforeMs === undefined ? {} : { before: Math.floor(beforeMs / 1000) }), forget };
      items = [...items, item];
      return item;
    },
    settle(nowMs) {
      const [first, last] = [items[0], items.at(-1)];
      if (first === undefined || last === undefined) return undefined;
      const payload = {
        epoch: head.epoch,
        from: first.n,
        to: last.n,
        prev: head.head,
        items: items.map(plain),
        at: nowMs,
      };
      const jws = signJws({ typ: "remit-feed+jwt", alg: "ES256", kid: given.kid }, payload, es256);
      sql.run("insert into feed_batch values (?, ?, ?)", last.n, first.n, jws);
      const next = { epoch: head.epoch, n: last.n, head: hash("sha256", jws, "base64url") };
      sql.run("update feed_head set n = ?, head = ?", next.n, next.head);
      const batch = { jws, epoch: head.epoch, from: first.n, to: last.n, items };
      [head, items] = [next, []];
      return batch;
    },
  };
}

function feedHead(sql: Sql): { readonly epoch: number; readonly n: number; readonly head: string } {
  const row = sql.one("select epoch, n, head from feed_head");
  if (row === undefined) throw new Error("the feed has no head");
  return { epoch: integer(row, "epoch"), n: integer(row, "n"), head: text(row, "head") };
}

/** An item as it is signed. */
const plain = (item: RevocationItem): JsonObject => ({ ...item });
