import { err, ok, type Result } from "../result.ts";
import { crc32 } from "./crc32.ts";

/**
 * Undoes one raw deflate stream (RFC 1951) and says how many bytes of the input it took; undefined if it is malformed,
 * cut off, or larger than `maxBytes` when unpacked. Passed in: `core` unpacks nothing itself.
 */
export type Inflate = (
  deflated: Uint8Array,
  maxBytes: number,
) => { readonly bytes: Uint8Array; readonly consumed: number } | undefined;

/** Why bytes are not gzip with one reading. */
export type GzipFault = "gzip_header" | "inflate" | "gzip_more" | "gzip_checksum";

const HEADER = 10;
const TRAILER = 8;

/**
 * Reads gzip (RFC 1952) of exactly one member. Some readers join the members that follow, some drop them, some drop what
 * is no member at all: here there is nothing after the first. A header with a name, a comment or extra fields is refused.
 */
export function readGzip(packed: Uint8Array, maxBytes: number, inflate: Inflate): Result<Uint8Array, GzipFault> {
  if (packed.length < HEADER + TRAILER || !isPlainHeader(packed)) return err("gzip_header");
  const inflated = inflate(packed.subarray(HEADER), maxBytes);
  if (inflated === undefined) return err("inflate");
  const end = HEADER + inflated.consumed;
  if (packed.length !== end + TRAILER) return err("gzip_more");
  const trailer = new DataView(packed.buffer, packed.byteOffset + end, TRAILER);
  const agrees =
    trailer.getUint32(0, true) === crc32(inflated.bytes) && trailer.getUint32(4, true) === inflated.bytes.length;
  return agrees ? ok(inflated.bytes) : err("gzip_checksum");
}

/** Magic, deflate, no flags. Time and operating system say nothing. */
const isPlainHeader = (packed: Uint8Array): boolean =>
  packed[0] === 0x1f && packed[1] === 0x8b && packed[2] === 8 && packed[3] === 0;
