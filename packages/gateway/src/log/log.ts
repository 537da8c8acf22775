import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  write,
} from "node:fs";
import { hash, type KeyObject, sign } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
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
  readonly now: () => number;
}

const sha256: Sha256 = (data) => hash("sha256", data, "buffer");
const writeAll = promisify(write);
const syncData = promisify(fdatasync);

interface Waiting {
  readonly record: NewRecord;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** Opens the log of a folder; what a crash left half written at its end is cut off, because nobody was told that it is there. */
export function openLog(options: LogOptions): Log {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const state = recover(options.folder);
  const fd = openSync(join(options.folder, monthFile(options.now())), "a", 0o600);
  const lines = state.lines;
  let frontier = state.frontier;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      const at = Math.max(options.now(), state.lastAt);
      const made = group.map(({ record }, index) => recordLine({ n: frontier.size + index, at, ...record }));
      const before = fstatSync(fd).size;
      try {
        await writeAll(fd, made.map((line) => `${line}\n`).join(""));
        await syncData(fd);
      } catch (error) {
        ftruncateSync(fd, before);
        for (const { failed } of group) failed(error instanceof Error ? error : new Error("the log cannot be written"));
        continue;
      }
      for (const line of made) frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
      lines.push(...made);
      for (const { done } of group) done();
    }
  }

  let covered: Frontier = EMPTY_FRONTIER;
  const frontierAt = (size: number): Frontier => {
    if (size === frontier.size) return frontier;
    const from = covered.size <= size ? covered : EMPTY_FRONTIER;
    return lines
      .slice(from.size, size)
      .reduce((grown, line) => appendLeaf(grown, leafHash(utf8(line), sha256), sha256), from);
  };

  return {
    append(record) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ record, done: resolve, failed: reject });
      writing ??= drain().finally(() => (writing = undefined));
      return promise;
    },
    size: () => frontier.size,
    lines: (from, limit) => lines.slice(from, from + limit),
    checkpoint(size = frontier.size) {
      const { name, publicKey, key } = options;
      covered = frontierAt(size);
      const head = { origin: name, size, root: rootOf(covered, sha256) };
      return signCheckpoint(head, { name, key: publicKey }, (message) => sign(null, message, key), sha256);
    },
    async close() {
      await writing;
      closeSync(fd);
    },
  };
}

const monthFile = (now: number): string => `${new Date(now).toISOString().slice(0, 7)}.ndjson`;

function recover(folder: string): {
  readonly lines: string[];
  readonly frontier: Frontier;
  readonly lastAt: number;
} {
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".ndjson"))
        .sort()
    : [];
  const lines: string[] = [];
  let frontier: Frontier = EMPTY_FRONTIER;
  let lastAt = 0;
  for (const file of files) {
    const path = join(folder, file);
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) {
      const torn = openSync(path, "r+");
      ftruncateSync(torn, whole);
      closeSync(torn);
    }
    for (const line of bytes.subarray(0, whole).toString("utf8").split("\n").slice(0, -1)) {
      const record = readRecordLine(line);
      if (record?.n !== frontier.size)
        throw new Error(`\`${path}\` was changed: record ${frontier.size} is not where it belongs`);
      lastAt = record.at;
      lines.push(line);
      frontier = appendLeaf(frontier, leafHash(utf8(line), sha256), sha256);
    }
  }
  return { lines, frontier, lastAt };
}
