import { hash, type KeyObject, sign } from "node:crypto";
import {
  appendLeaf,
  EMPTY_FRONTIER,
  type Frontier,
  type JsonObject,
  leafHash,
  readRecordLine,
  recordLine,
  rootOf,
  type Sha256,
  signCheckpoint,
  utf8,
} from "@remit/core";
import { openSegments, type Segments } from "./segments.ts";

/** A record before the log numbers and dates it. Ids, names and codes only; never a body, a value or a secret. */
export interface NewRecord {
  readonly kind:
    "call.intent" | "call.outcome" | "call.read" | "call.refused" | "connection.keep" | "connection.remove" | "alarm";
  readonly decision: string;
  readonly ids: readonly string[];
  readonly body: JsonObject;
}

/** The gateway's own log: what is in it was on the disk before `append` settled. */
export interface Log {
  /** Settles when the record is durable; rejects if it cannot be made so. */
  append(record: NewRecord): Promise<void>;
  readonly size: () => number;
  lines(from: number, limit: number): readonly string[];
  /** Signed head over the first `size` records; over all of them by default. */
  checkpoint(size?: number): string;
  close(): Promise<void>;
}

export interface LogOptions {
  readonly folder: string;
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: Uint8Array;
  /** Milliseconds. */
  readonly now: () => number;
}

const sha256: Sha256 = (data) => hash("sha256", data, "buffer");
const grown = (frontier: Frontier, line: string): Frontier =>
  appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);

interface Waiting {
  readonly record: NewRecord;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** Bodies are flat lists of what we name ourselves; a shorter line of such a body reaches no limit of reading. */
const SHORT = 2_048;

/** Prints one record on to the lines. One that has no line, or none that anybody would read again, fails alone. */
function print({ record, failed }: Waiting, place: { readonly n: number; readonly at: number }, to: string[]): boolean {
  try {
    const line = recordLine({ ...place, ...record });
    if (line.length > SHORT && readRecordLine(line) === undefined)
      throw new TypeError("a record is longer or deeper than who verifies it would read");
    to.push(line);
    return true;
  } catch (error) {
    failed(error instanceof Error ? error : new Error("the record has no line"));
    return false;
  }
}

/** Opens the log of a folder. It throws if a record is not where it belongs: then somebody else wrote there. */
export function openLog(options: LogOptions): Log {
  let frontier: Frontier = EMPTY_FRONTIER;
  let lastAt = 0;
  const segments = openSegments(options.folder, options.now(), (line, path) => {
    const record = readRecordLine(line);
    if (record?.n !== frontier.size)
      throw new Error(`\`${path}\` was changed: record ${frontier.size} is not where it belongs`);
    lastAt = record.at;
    frontier = grown(frontier, line);
  });
  let waiting: Waiting[] = [];
  let draining = false;
  let writing: Promise<void> | undefined;

  /** Writes what waits, all of it at once; what comes meanwhile waits for the next time. */
  async function drain(): Promise<void> {
    draining = true;
    while (waiting.length > 0) {
      let group = waiting;
      waiting = [];
      try {
        const at = Math.max(options.now(), lastAt);
        const made: string[] = [];
        group = group.filter((one) => print(one, { n: frontier.size + made.length, at }, made));
        if (made.length > 0) await segments.append(made, at);
        lastAt = at;
        frontier = made.reduce(grown, frontier);
      } catch (error) {
        for (const { failed } of group) failed(error instanceof Error ? error : new Error("the log cannot be written"));
        continue;
      }
      for (const { done } of group) done();
    }
    // in the turn that saw that nothing waits, so that whoever comes next begins anew
    draining = false;
  }

  let covered: Frontier = EMPTY_FRONTIER;
  return {
    append(record) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ record, done: resolve, failed: reject });
      if (!draining) writing = drain();
      return promise;
    },
    size: () => frontier.size,
    lines: (from, limit) => segments.read(from, Math.min(limit, frontier.size - from)),
    checkpoint(size = frontier.size) {
      const { name, publicKey, key } = options;
      covered = size === frontier.size ? frontier : frontierAt(segments, covered, size);
      const head = { origin: name, size, root: rootOf(covered, sha256) };
      return signCheckpoint(head, { name, key: publicKey }, (message) => sign(null, message, key), sha256);
    },
    async close() {
      await writing;
      segments.close();
    },
  };
}

const PAGE = 1_024;

/** The tree over the first `size` records, grown from one over fewer where there is one. */
function frontierAt(segments: Segments, covered: Frontier, size: number): Frontier {
  let reached = covered.size <= size ? covered : EMPTY_FRONTIER;
  while (reached.size < size) {
    const lines = segments.read(reached.size, Math.min(PAGE, size - reached.size));
    if (lines.length === 0) throw new Error(`the log has no ${size} records`);
    reached = lines.reduce(grown, reached);
  }
  return reached;
}
