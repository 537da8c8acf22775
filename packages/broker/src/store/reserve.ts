import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from "node:fs";

/** Space on the disk that is kept for ends and revocations, and given up when nothing else is left. */
export interface Reserve {
  /** Whether the space is held now. Without it nothing is written but what ends something. */
  held(): boolean;
  /** Gives the space up. */
  release(): void;
  /** Takes the space again, if the disk has it. Asks the disk at most once in five seconds. */
  refill(nowMs: number): boolean;
}

/** Room for some hundred thousand ends. */
export const RESERVE_BYTES = 64 * 1024 * 1024;

const CHUNK = 1024 * 1024;
const AGAIN_MS = 5_000;

/** Keeps `size` bytes in a file. */
export function createReserve(file: string, size: number): Reserve {
  let held = sizeOf(file) === size || fill(file, size);
  let askedMs = 0;
  return {
    held: () => held,
    release() {
      held = false;
      rmSync(file, { force: true });
    },
    refill(nowMs) {
      if (held || nowMs - askedMs < AGAIN_MS) return held;
      askedMs = nowMs;
      held = fill(file, size);
      return held;
    },
  };
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? -1;

/** Writes the bytes out, because a hole in a file keeps no space. */
function fill(file: string, size: number): boolean {
  const chunk = randomBytes(Math.min(CHUNK, size));
  let handle: number | undefined;
  try {
    handle = openSync(file, "w", 0o600);
    for (let at = 0; at < size;) {
      const written = writeSync(handle, chunk, 0, Math.min(chunk.length, size - at));
      if (written === 0) throw new Error("the disk took nothing");
      at += written;
    }
    fsyncSync(handle);
    return true;
  } catch {
    // whatever the reason, the space is not ours; `held` says so, and only ends are written
    if (handle !== undefined) ftruncateSync(handle);
    return false;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
