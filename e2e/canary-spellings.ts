/** A way to write a secret down. */
export interface Spelling {
  readonly name: string;
  /** What of the secret is found wherever it was written down in this way, whatever stands around it. */
  readonly trace: Buffer;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)] ?? "").join("");
}

/** The characters of an encoding in groups that depend on nothing but the secret, with this many bytes before it. */
function inner(encoded: (bytes: Buffer) => string, secret: Buffer, before: number, bitsPerCharacter: number): string {
  const text = encoded(Buffer.concat([Buffer.alloc(before, 120), secret]));
  const first = Math.ceil((before * 8) / bitsPerCharacter);
  const last = Math.floor(((before + secret.length) * 8) / bitsPerCharacter);
  return text.slice(first, last);
}

/** At least twenty ways to write the secret down, each as bytes that can be searched for. */
export function spellingsOf(secret: string): readonly Spelling[] {
  const bytes = Buffer.from(secret);
  const each = (write: (byte: number) => string, between = ""): string => [...bytes].map(write).join(between);
  const unit = (write: (code: number) => string): string =>
    Array.from(secret, (_, at) => write(secret.charCodeAt(at))).join("");
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0");
  const utf16le = Buffer.from(secret, "utf16le");
  const offsets = [0, 1, 2].flatMap((before) => [
    [`base64 after ${before}`, inner((all) => all.toString("base64").replace(/=+$/, ""), bytes, before, 6)],
    [`base64url after ${before}`, inner((all) => all.toString("base64url"), bytes, before, 6)],
  ]);
  const texts: Readonly<Record<string, string>> = {
    raw: secret,
    "first half": secret.slice(0, Math.ceil(secret.length / 2)),
    "second half": secret.slice(Math.floor(secret.length / 2)),
    reversed: [...secret].reverse().join(""),
    "upper case": secret.toUpperCase(),
    "lower case": secret.toLowerCase(),
    ...Object.fromEntries(offsets),
    base32: inner(base32, bytes, 0, 5),
    "base64 twice": Buffer.from(bytes.toString("base64")).toString("base64").slice(0, 40),
    hex: bytes.toString("hex"),
    "hex in upper case": bytes.toString("hex").toUpperCase(),
    "hex with colons": each((byte) => hex(byte, 2), ":"),
    "percent, where needed": encodeURIComponent(secret),
    "percent, everywhere": each((byte) => `%${hex(byte, 2)}`),
    "percent, everywhere, upper case": each((byte) => `%${hex(byte, 2).toUpperCase()}`),
    "percent, twice": encodeURIComponent(encodeURIComponent(secret)),
    "a form's value": new URLSearchParams({ x: secret }).toString().slice(2),
    "JSON string": JSON.stringify(secret).slice(1, -1),
    "JSON string in a JSON string": JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    "JSON escapes": unit((code) => `\\u${hex(code, 4)}`),
    "JSON escapes in upper case": unit((code) => `\\u${hex(code, 4).toUpperCase()}`),
    "hex escapes": each((byte) => `\\x${hex(byte, 2)}`),
    "octal escapes": each((byte) => `\\${byte.toString(8).padStart(3, "0")}`),
    "decimal entities": unit((code) => `&#${code};`),
    "hex entities": unit((code) => `&#x${hex(code, 2)};`),
    "list of bytes": each(String, ","),
    "list of bytes, spaced": each(String, ", "),
    "UTF-16 in hex": utf16le.toString("hex"),
    "UTF-16 in base64": inner((all) => all.toString("base64").replace(/=+$/, ""), utf16le, 0, 6),
  };
  return [
    ...Object.entries(texts).map(([name, text]) => ({ name, trace: Buffer.from(text) })),
    { name: "UTF-16, little end first", trace: utf16le },
    { name: "UTF-16, big end first", trace: Buffer.from(utf16le).swap16() },
  ];
}

/** Something that was looked at. */
export interface Place {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where the secret lies, and how it is written there. */
export const findings = (secret: string, places: readonly Place[]): readonly string[] =>
  spellingsOf(secret).flatMap(({ name, trace }) =>
    places.filter(({ bytes }) => bytes.includes(trace)).map((place) => `${place.name}: ${name}`),
  );
