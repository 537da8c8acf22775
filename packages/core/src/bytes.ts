/** A hash function that is passed in: `core` computes none itself. Always SHA-256 here. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Text of UTF-8 bytes; undefined if they are not well formed. A byte order mark stays in the text. */
export function readUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    // malformed input is an expected answer here, not a fault
    return undefined;
  }
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL_ALPHABET = `${BASE64}-_`;
const NOTE_ALPHABET = `${BASE64}+/`;

/** base64url without padding (RFC 4648 5, RFC 7515 2). */
export const toBase64url = (bytes: Uint8Array): string => encode64(bytes, URL_ALPHABET);

/** Bytes of canonical base64url: no padding, no white space, no stray bits. Anything else is undefined. */
export function fromBase64url(text: string): Uint8Array | undefined {
  return decode64(text, URL_VALUES);
}

/** base64 with padding, as signed notes use it. */
export function toBase64(bytes: Uint8Array): string {
  const text = encode64(bytes, NOTE_ALPHABET);
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** Bytes of canonical padded base64; anything else is undefined. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  return decode64(text.replace(/={1,2}$/, ""), NOTE_VALUES);
}

function encode64(bytes: Uint8Array, alphabet: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    if (left > 1) text += alphabet.charAt((group >> 6) & 63);
    if (left > 2) text += alphabet.charAt(group & 63);
  }
  return text;
}

const valuesOf = (alphabet: string): Int8Array => {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  return values;
};
const URL_VALUES = valuesOf(URL_ALPHABET);
const NOTE_VALUES = valuesOf(NOTE_ALPHABET);

function decode64(text: string, values: Int8Array): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? -1;
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

const HEX = Array.from({ length: 256 }, (_none, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte] ?? "";
  return text;
}

/** Whether two byte strings are the same, in time that depends only on their lengths. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}

/** Joins byte strings. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
