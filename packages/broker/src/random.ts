import { randomFillSync } from "node:crypto";

const DRAWN = 4_096;

/**
 * Fresh random bytes for ids, drawn from the system in larger pieces: a draw of ten bytes costs as much as one of 4 kB.
 * Not for secrets, which must not lie in a buffer with other things.
 */
export function createIdBytes(): () => Uint8Array {
  const drawn = new Uint8Array(DRAWN);
  let at = DRAWN;
  return () => {
    if (at + ID_BYTES > DRAWN) {
      randomFillSync(drawn);
      at = 0;
    }
    at += ID_BYTES;
    return drawn.subarray(at - ID_BYTES, at);
  };
}

/** Random bytes of one id. */
const ID_BYTES = 10;
