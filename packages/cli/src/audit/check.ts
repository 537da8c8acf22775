import { fromBase64url, verifyLog } from "@remit/core";
import { sha256, verifyEd25519 } from "@remit/sdk";

/** One log as it is exported: its lines, its signed head, and the key that signs it. */
export interface ExportedLog {
  readonly name: string;
  readonly lines: readonly string[];
  readonly checkpoint: string;
  /** base64url of the raw Ed25519 key. */
  readonly key: string;
}

/** Whether a log is whole: every record there, in order, unchanged, under the signed head. */
export type Checked =
  | { readonly name: string; readonly ok: true; readonly records: number }
  | { readonly name: string; readonly ok: false; readonly reason: string; readonly at?: number };

/** Checks one exported log from nothing but its own bytes and the key. */
export function checkLog(log: ExportedLog): Checked {
  const key = fromBase64url(log.key);
  if (key === undefined) return { name: log.name, ok: false, reason: "key_malformed" };
  const checked = verifyLog(
    { lines: log.lines, checkpoint: log.checkpoint, key: { name: log.name, key } },
    { sha256, verify: verifyEd25519 },
  );
  return checked.ok
    ? { name: log.name, ok: true, records: checked.value.size }
    : { name: log.name, ok: false, ...checked.error };
}
