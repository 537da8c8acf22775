/** The two alphabets of RFC 4648, 4 and 5. */
export type Base64Alphabet = "base64" | "base64url";

/** What newer platforms can do themselves (ECMAScript 2026). */
interface Platform {
  readonly fromBase64?: (text: string, options: { readonly alphabet: Base64Alphabet }) => Uint8Array;
  readonly prototype: {
    readonly toBase64?: (this: Uint8Array, options: { alphabet: Base64Alphabet; omitPadding: true }) => string;
  };
}

// the compiler's library does not know these members yet; each is asked for before it is used
const platform = Uint8Array as unknown as Platform;

/** Text of bytes without padding. */
export function encode64(bytes: Uint8Array, alphabet: Base64Alphabet): string {
  const { toBase64 } = platform.prototype;
  return toBase64 === undefined
    ? encodeByTable(bytes, alphabet)
    : toBase64.call(bytes, { alphabet, omitPadding: true });
}

/** Bytes of unpadded text in its one spelling; undefined for anything else. */
export function decode64(text: string, alphabet: Base64Alphabet): Uint8Array | undefined {
  if (platform.fromBase64 === undefined) return decodeByTable(text, alphabet);
  try {
    const bytes = platform.fromBase64(text, { alphabet });
    // the platform forgives white space, padding and stray bits: only what is printed alike was canonical
    return encode64(bytes, alphabet) === text ? bytes : undefined;
  } catch {
    // malformed input is an expected answer here, not a fault
    return undefined;
  }
}

const COMMON = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ALPHABETS: Readonly<Record<Base64Alphabet, string>> = { base64: `${COMMON}+/`, base64url: `${COMMON}-_` };

const valuesOf = (alphabet: string): Int8Array => {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  return values;
};
const VALUES: Readonly<Record<Base64Alphabet, Int8Array>> = {
  base64: valuesOf(ALPHABETS.base64),
  base64url: valuesOf(ALPHABETS.base64url),
};

/** As `encode64`, for platforms that cannot. */
export function encodeByTable(bytes: Uint8Array, name: Base64Alphabet): string {
  const alphabet = ALPHABETS[name];
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

/** As `decode64`, for platforms that cannot. */
export function decodeByTable(text: string, name: Base64Alphabet): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const values = VALUES[name];
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
