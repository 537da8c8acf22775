/** Kinds of id. An id is never secret and never opens anything. */
export const ID_PREFIXES = [
  ...(["usr", "wl", "agt", "cli", "iss", "pol", "grd", "cei", "cnr", "cnx"] as const),
  ...(["tsk", "grn", "tok", "lnk", "apr", "rsv", "rcp", "pnt", "dec"] as const),
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BODY = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/**
 * Makes an id: prefix, underscore, and a UUIDv7 (RFC 9562 5.7) as 26 characters of Crockford base32, so that ids of
 * one kind sort by time. `random` is 10 fresh bytes.
 */
export function makeId(prefix: IdPrefix, nowMs: number, random: Uint8Array): string {
  if (random.length !== 10) throw new RangeError("an id takes 10 random bytes");
  const bytes = new Uint8Array(ID_BYTES);
  for (let at = 0, rest = nowMs; at < TIME_BYTES; at++, rest = Math.floor(rest / 256))
    bytes[TIME_BYTES - 1 - at] = rest % 256;
  bytes.set(random, TIME_BYTES);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return `${prefix}_${base32(bytes)}`;
}

const ID_BYTES = 16;
const TIME_BYTES = 6;

/** 128 bits as 26 characters: two zero bits, then the bytes. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 2;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += CROCKFORD.charAt((held >> (bits - 5)) & 31);
  }
  return text;
}

/** Whether a text is an id of this kind in its one spelling. */
export function isId(prefix: IdPrefix, text: unknown): text is string {
  return (
    typeof text === "string" &&
    text.length === prefix.length + 27 &&
    text.startsWith(`${prefix}_`) &&
    BODY.test(text.slice(prefix.length + 1))
  );
}
