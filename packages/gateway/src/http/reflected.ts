import { gunzipSync } from "node:zlib";
import { createFinder, type Finder } from "./finder.ts";
import { spellings } from "./spellings.ts";

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

/** Whether an answer holds any spelling: as it stands, across line breaks and white space, under layers of escapes, and compressed. */
export function reflects(answer: Uint8Array, known: Finder): boolean {
  const text = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength).toString("latin1");
  return layersOf(text).some(
    (layer) =>
      holds(layer, known) || compressedIn(layer).some((inner) => layersOf(inner).some((one) => holds(one, known))),
  );
}

/** How everything that gzip wrote begins, in base64 (RFC 1952 2.3.1). */
const GZIP = "H4sI";
const BASE64 = /[A-Za-z0-9+/_-]+/y;
const MAX_BLOBS = 8;
const MAX_INFLATED = 8_388_608;

/** What compressed texts in base64 hold. What does not inflate is no such text, and neither is what inflates without end. */
function compressedIn(text: string): readonly string[] {
  const found: string[] = [];
  let at = text.indexOf(GZIP);
  for (let n = 0; at !== -1 && n < MAX_BLOBS; n++) {
    BASE64.lastIndex = at;
    const blob = BASE64.exec(text)?.[0] ?? "";
    try {
      found.push(gunzipSync(Buffer.from(blob, "base64"), { maxOutputLength: MAX_INFLATED }).toString("latin1"));
    } catch {
      // it only began like one
    }
    at = text.indexOf(GZIP, at + Math.max(blob.length, GZIP.length));
  }
  return found;
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
  /\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([0-3][0-7]{2})|\\(.)|%([0-9a-f]{2})|&#([0-9]{1,7});|&#x([0-9a-f]{1,6});|&(amp|lt|gt|quot|apos|sol);/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", sol: "/" };
const KEPT = /[nrtbf]/;

function unescaped(all: string, ...groups: readonly (string | undefined)[]): string {
  const [unicode, byte, octal, plain, percent, decimal, hex, entity] = groups;
  const digits = unicode ?? byte ?? percent ?? hex;
  if (digits !== undefined) return character(Number.parseInt(digits, 16));
  if (octal !== undefined) return character(Number.parseInt(octal, 8));
  if (decimal !== undefined) return character(Number(decimal));
  if (entity !== undefined) return ENTITIES[entity.toLowerCase()] ?? all;
  return plain === undefined || KEPT.test(plain) ? "" : plain;
}

const character = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : "");
