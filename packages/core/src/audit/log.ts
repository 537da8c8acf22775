import { equalBytes, type Sha256, utf8 } from "../bytes.ts";
import { canonicalJson } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject, readJson } from "../json/read.ts";
import { err, ok, type Result } from "../result.ts";
import { type CheckpointFault, type LogKey, verifyCheckpoint, type VerifyEd25519 } from "./checkpoint.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier, leafHash, rootOf } from "./tree.ts";

/**
 * One record of a log. Its line is its canonical JSON, its leaf the line's bytes. `at` is in milliseconds. `ids` are all
 * ids that it is about, so that a trail can be gathered from several logs. Never a body, never a secret.
 */
export interface LogRecord {
  readonly n: number;
  readonly at: number;
  readonly kind: string;
  readonly decision: string;
  readonly ids: readonly string[];
  readonly body: JsonObject;
}

/** Prints a record as its one line, without the newline. */
export const recordLine = (record: LogRecord): string => canonicalJson({ ...record });

const MEMBERS = 6;

const isCount = (value: Json | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** Reads a line back; undefined if it is not a record in its one spelling. */
export function readRecordLine(line: string): LogRecord | undefined {
  const json = readJson(line);
  if (!json.ok || !isJsonObject(json.value) || canonicalJson(json.value) !== line) return undefined;
  const { n, at, kind, decision, ids, body } = json.value;
  if (
    Object.keys(json.value).length !== MEMBERS ||
    !isCount(n) ||
    !isCount(at) ||
    typeof kind !== "string" ||
    typeof decision !== "string"
  )
    return undefined;
  if (!Array.isArray(ids) || !isJsonObject(body)) return undefined;
  const texts = ids.filter((id: unknown): id is string => typeof id === "string");
  return texts.length === ids.length ? { n, at, kind, decision, ids: texts, body } : undefined;
}

/** Why a log does not verify; `at` is the index of the first record that is wrong, where that is known. */
export interface LogFault {
  readonly reason:
    "record_malformed" | "record_out_of_order" | "record_count" | "root_mismatch" | `checkpoint_${CheckpointFault}`;
  readonly at?: number;
}

/** Verifies a whole log against its signed checkpoint: every record is there, in order, unchanged. */
export function verifyLog(
  log: { readonly lines: Iterable<string>; readonly checkpoint: string; readonly key: LogKey },
  primitives: { readonly sha256: Sha256; readonly verify: VerifyEd25519 },
): Result<{ readonly size: number; readonly frontier: Frontier }, LogFault> {
  const checkpoint = verifyCheckpoint(log.checkpoint, log.key, primitives.verify, primitives.sha256);
  if (!checkpoint.ok) return err({ reason: `checkpoint_${checkpoint.error}` });
  let frontier = EMPTY_FRONTIER;
  for (const line of log.lines) {
    if (frontier.size === checkpoint.value.size) break;
    const record = readRecordLine(line);
    if (record === undefined) return err({ reason: "record_malformed", at: frontier.size });
    if (record.n !== frontier.size) return err({ reason: "record_out_of_order", at: frontier.size });
    frontier = appendLeaf(frontier, leafHash(utf8(line), primitives.sha256), primitives.sha256);
  }
  if (frontier.size !== checkpoint.value.size) return err({ reason: "record_count", at: frontier.size });
  if (!equalBytes(rootOf(frontier, primitives.sha256), checkpoint.value.root)) return err({ reason: "root_mismatch" });
  return ok({ size: frontier.size, frontier });
}
