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
  let value = BigInt(nowMs) & 0xffff_ffff_ffffn;
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  // version 7 in bits 48-51, variant 10 in bits 64-65, counted from the top
  value = (value & ~(0xfn << 76n)) | (7n << 76n);
  value = (value & ~(3n << 62n)) | (2n << 62n);
  let text = "";
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += CROCKFORD.charAt(Number((value >> shift) & 31n));
  return `${prefix}_${text}`;
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
