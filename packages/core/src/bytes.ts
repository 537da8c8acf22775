import { decode64, encode64 } from "./base64.ts";

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

/** base64url without padding (RFC 4648 5, RFC 7515 2). */
export const toBase64url = (bytes: Uint8Array): string => encode64(bytes, "base64url");

/** Bytes of canonical base64url: no padding, no white space, no stray bits. Anything else is undefined. */
export const fromBase64url = (text: string): Uint8Array | undefined => decode64(text, "base64url");

/** base64 with padding, as signed notes use it. */
export function toBase64(bytes: Uint8Array): string {
  const text = encode64(bytes, "base64");
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** Bytes of canonical padded base64; anything else is undefined. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  return decode64(text.replace(/={1,2}$/, ""), "base64");
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
