/** Kinds of handle. A handle opens something, is kept only as its SHA-256, and is never an id. */
export const HANDLE_PREFIXES = ["rmt_at_", "rmt_rt_", "rmt_ses_", "rmt_run_", "rmt_boot_", "rmt_start_"] as const;

export type HandlePrefix = (typeof HANDLE_PREFIXES)[number];

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_LENGTH = 43;
const CHECK_LENGTH = 6;

/** Makes a handle from 32 fresh random bytes: prefix, base62, and a CRC-32 that lets scanners tell it from noise. */
export function makeHandle(prefix: HandlePrefix, random: Uint8Array): string {
  if (random.length !== 32) throw new RangeError("a handle takes 32 random bytes");
  let value = 0n;
  for (const byte of random) value = (value << 8n) | BigInt(byte);
  const body = prefix + base62(value, SECRET_LENGTH);
  return body + base62(BigInt(crc32(body)), CHECK_LENGTH);
}

/** Whether a text is a handle of this kind with a right checksum. Says nothing about whether it opens anything. */
export function isHandle(prefix: HandlePrefix, text: unknown): text is string {
  if (typeof text !== "string" || !text.startsWith(prefix)) return false;
  if (text.length !== prefix.length + SECRET_LENGTH + CHECK_LENGTH || !/^[0-9A-Za-z]+$/.test(text.slice(prefix.length)))
    return false;
  const body = text.slice(0, -CHECK_LENGTH);
  return base62(BigInt(crc32(body)), CHECK_LENGTH) === text.slice(-CHECK_LENGTH);
}

function base62(value: bigint, length: number): string {
  let left = value;
  let text = "";
  for (let place = 0; place < length; place++) {
    text = BASE62.charAt(Number(left % 62n)) + text;
    left /= 62n;
  }
  return text;
}

function crc32(text: string): number {
  let crc = 0xffff_ffff;
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
