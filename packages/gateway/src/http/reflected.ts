import { createHash } from "node:crypto";
import { createFinder, type Finder } from "./finder.ts";

/** Finds every spelling of a credential that an answer might hold it in. Made once a credential. */
export const spellingsOf = (secrets: readonly string[]): Finder => finderOf(spellingsIn(secrets));

/** Every spelling of each of these secrets. */
export function spellingsIn(secrets: readonly string[]): readonly string[] {
  // a credential may itself hold what looks like an escape; undoing the answer's escapes undoes it too
  const layered = secrets.filter((secret) => secret.length >= 6).flatMap(layersOf);
  return [...new Set(layered.flatMap(spellings))].filter((text) => text.length >= 6);
}

/** Finds any of these texts in one pass. */
export const finderOf = (texts: readonly string[]): Finder => createFinder([...new Set(texts)]);

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const url = encodeURIComponent(secret);
  const escaped = [...secret]
    .map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    [...secret].reverse().join(""),
    ...[hex, hex.toUpperCase(), (hex.match(/../g) ?? []).join(" "), (hex.match(/../g) ?? []).join(":")],
    ...[
      url,
      encodeURIComponent(url),
      url.toLowerCase(),
      [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
    ],
    ...[
      escaped,
      escaped.toUpperCase().replaceAll("\\U", "\\u"),
      [...secret].map((character) => `&#${character.charCodeAt(0)};`).join(""),
      htmlEscaped(secret),
    ],
    ...base64s(bytes),
    ...base64s(Buffer.from(secret, "utf16le")),
    ...[base32(bytes), [...bytes].join(","), secret.toLowerCase(), secret.toUpperCase()],
    rot13(secret),
    ...["md5", "sha1", "sha256"].flatMap((name) => [
      createHash(name).update(bytes).digest("hex"),
      createHash(name).update(bytes).digest("base64").replace(/=+$/, ""),
    ]),
  ];
}

/** base64 at each of the three offsets, without the characters that depend on what stands beside it. */
function base64s(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const start = offset === 0 ? 0 : offset + 1;
    const end = (bytes.length + offset) % 3 === 0 ? padded.length : padded.length - 1;
    const core = padded.slice(start, end);
    return [
      core,
      core.replaceAll("+", "-").replaceAll("/", "_"),
      core.replaceAll("+", "%2B").replaceAll("/", "%2F"),
      core.replaceAll("/", "\\/"),
    ];
  });
}

const htmlEscaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const rot13 = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base32 (RFC 4648 6) of all whole groups of five bytes. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const whole = bits.slice(0, bits.length - (bits.length % 40));
  return (whole.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join("");
}

/** Whether an answer holds any spelling: as it stands, across line breaks and white space, and under layers of escapes. */
export function reflects(answer: Uint8Array, known: Finder): boolean {
  const text = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength).toString("latin1");
  return layersOf(text).some((layer) => holds(layer, known));
}

/** A text, and the same with one layer of escapes after the other undone. */
function layersOf(text: string): readonly string[] {
  const layers = [text];
  for (let inner = text; layers.length <= MAX_LAYERS && ESCAPED.test(inner);) {
    inner = inner.replace(ESCAPES, unescaped);
    if (inner === layers.at(-1)) break;
    layers.push(inner);
  }
  return layers;
}

function holds(text: string, known: Finder): boolean {
  if (known(text)) return true;
  const joined = text.replace(/\\[nrt]|[\s\0]+/g, "");
  return joined.length !== text.length && known(joined);
}

const MAX_LAYERS = 4;
const ESCAPED = /\\|%[0-9a-f]{2}|&[#a-z]/i;
/** One escape of JSON, of a URL or of HTML; part of a text may be escaped and the rest not. */
const ESCAPES =
  /\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\(.)|%([0-9a-f]{2})|&#([0-9]{1,7});|&#x([0-9a-f]{1,6});|&(amp|lt|gt|quot|apos|sol);/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", sol: "/" };
const KEPT = /[nrtbf]/;

function unescaped(all: string, ...groups: readonly (string | undefined)[]): string {
  const [unicode, byte, plain, percent, decimal, hex, entity] = groups;
  const digits = unicode ?? byte ?? percent ?? hex;
  if (digits !== undefined) return character(Number.parseInt(digits, 16));
  if (decimal !== undefined) return character(Number(decimal));
  if (entity !== undefined) return ENTITIES[entity.toLowerCase()] ?? all;
  return plain === undefined || KEPT.test(plain) ? "" : plain;
}

const character = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : "");
