const DRAWN = 4_096;
/** Random bytes of one id. */
const ID_BYTES = 10;

/**
 * Fresh random bytes for ids, drawn in larger pieces: a draw of ten bytes costs as much as one of 4 kB. Not for secrets,
 * which must not lie in a buffer with other things. `fill` fills a buffer with random bytes.
 */
export function createIdBytes(fill: (bytes: Uint8Array<ArrayBuffer>) => unknown): () => Uint8Array {
  const drawn = new Uint8Array(DRAWN);
  let at = DRAWN;
  return () => {
    if (at + ID_BYTES > DRAWN) {
      fill(drawn);
      at = 0;
    }
    at += ID_BYTES;
    return drawn.subarray(at - ID_BYTES, at);
  };
}
