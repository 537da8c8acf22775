import { err, ok, type Result } from "../result.ts";
import { BLOCK, type HeaderFault, readTarHeader } from "./tar-header.ts";

/** A file or directory of an archive; the bytes are a view of the archive's. */
export interface TarEntry {
  readonly kind: "file" | "directory";
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Why bytes are not an archive with one reading. */
export type TarFault = HeaderFault | "too_many_entries" | "cut_off" | "padding" | "end" | "entry_repeated";

/** Reads a whole archive: entries, then two empty blocks, then nothing but more of them. No path occurs twice. */
export function readTar(bytes: Uint8Array, maxEntries: number): Result<readonly TarEntry[], TarFault> {
  if (bytes.length % BLOCK !== 0) return err("cut_off");
  const entries: TarEntry[] = [];
  const seen = new Set<string>();
  let at = 0;
  for (; at < bytes.length && !isEmpty(bytes.subarray(at, at + BLOCK));) {
    if (entries.length >= maxEntries) return err("too_many_entries");
    const header = readTarHeader(bytes.subarray(at, at + BLOCK));
    if (!header.ok) return header;
    const { kind, path, size } = header.value;
    const [start, next] = [at + BLOCK, at + BLOCK + Math.ceil(size / BLOCK) * BLOCK];
    if (next > bytes.length) return err("cut_off");
    if (!isEmpty(bytes.subarray(start + size, next))) return err("padding");
    if (seen.has(path)) return err("entry_repeated");
    seen.add(path);
    entries.push({ kind, path, bytes: bytes.subarray(start, start + size) });
    at = next;
  }
  // some readers stop at the first empty block, some at the second, some read on behind them
  return bytes.length - at >= 2 * BLOCK && isEmpty(bytes.subarray(at)) ? ok(entries) : err("end");
}

const isEmpty = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
