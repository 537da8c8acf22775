import { readUtf8, utf8 } from "../bytes.ts";
import { err, ok, type Result } from "../result.ts";
import { isExact } from "./decimal.ts";

/** JSON data as read strictly: objects have no prototype, numbers are exactly what was written. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type JsonObject = { readonly [name: string]: Json };

/** Why a text is not the JSON that we accept; `at` is the offset in characters. */
export interface JsonFault {
  readonly reason:
    | "encoding"
    | "syntax"
    | "duplicate_key"
    | "forbidden_key"
    | "inexact_number"
    | "ill_formed_string"
    | "too_large"
    | "too_deep"
    | "too_many_nodes"
    | "too_many_keys"
    | "string_too_long";
  readonly at: number;
}

/** Bounds on what is read; bytes are counted in UTF-8, strings in UTF-16 code units. */
export interface JsonLimits {
  readonly bytes: number;
  readonly depth: number;
  readonly nodes: number;
  readonly keys: number;
  readonly string: number;
}

export const JSON_LIMITS: JsonLimits = {
  bytes: 1_048_576,
  depth: 32,
  nodes: 10_000,
  keys: 512,
  string: 65_536,
};

/**
 * Reads JSON (RFC 8259) of which there is only one reading: duplicate or prototype-reaching keys, numbers that a double
 * does not hold exactly, ill-formed Unicode, a byte order mark and anything past the limits are refused.
 */
export function readJson(input: string | Uint8Array, limits: JsonLimits = JSON_LIMITS): Result<Json, JsonFault> {
  if (isTooLarge(input, limits.bytes)) return err({ reason: "too_large", at: limits.bytes });
  const text = typeof input === "string" ? input : readUtf8(input);
  if (text === undefined) return err({ reason: "encoding", at: 0 });
  const state: State = { text, at: 0, nodes: 0, depth: 0, limits };
  try {
    skipSpace(state);
    const value = readValue(state);
    skipSpace(state);
    return state.at === text.length ? ok(value) : err({ reason: "syntax", at: state.at });
  } catch (fault) {
    if (fault instanceof Unreadable) return err({ reason: fault.reason, at: fault.at });
    throw fault;
  }
}

/** Counts the UTF-8 bytes of a text only where its length leaves that open: a code unit takes at most three. */
const isTooLarge = (input: string | Uint8Array, bytes: number): boolean =>
  input.length > bytes || (typeof input === "string" && input.length * 3 > bytes && utf8(input).length > bytes);

interface State {
  readonly text: string;
  readonly limits: JsonLimits;
  at: number;
  nodes: number;
  depth: number;
}

/** Leaves the recursion; never leaves this file. */
class Unreadable extends Error {
  readonly reason: JsonFault["reason"];
  readonly at: number;
  constructor(reason: JsonFault["reason"], at: number) {
    super(reason);
    this.reason = reason;
    this.at = at;
  }
}

function skipSpace(state: State): void {
  for (;;) {
    const code = state.text.charCodeAt(state.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    state.at++;
  }
}

function readValue(state: State): Json {
  if (++state.nodes > state.limits.nodes) throw new Unreadable("too_many_nodes", state.at);
  switch (state.text.charCodeAt(state.at)) {
    case 0x7b:
      return readObject(state);
    case 0x5b:
      return readArray(state);
    case 0x22:
      return readString(state);
    case 0x74:
      return readWord(state, "true", true);
    case 0x66:
      return readWord(state, "false", false);
    case 0x6e:
      return readWord(state, "null", null);
    default:
      return readNumber(state);
  }
}

function readWord(state: State, word: string, value: Json): Json {
  if (!state.text.startsWith(word, state.at)) throw new Unreadable("syntax", state.at);
  state.at += word.length;
  return value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** Every integer of this many digits is exact. */
const EXACT_DIGITS = 15;

function readNumber(state: State): number {
  const quick = readShortInteger(state);
  if (quick !== undefined) return quick;
  NUMBER.lastIndex = state.at;
  const match = NUMBER.exec(state.text);
  if (match === null) throw new Unreadable("syntax", state.at);
  const [written] = match;
  const value = Number(written);
  if (Object.is(value, -0) || !isExact(written, value)) throw new Unreadable("inexact_number", state.at);
  state.at += written.length;
  return value;
}

/** The common case without a regular expression: digits that hold no doubt. Anything else is left to `readNumber`. */
function readShortInteger(state: State): number | undefined {
  const { text } = state;
  let value = 0;
  let at = state.at;
  let code = text.charCodeAt(at);
  for (; code >= 0x30 && code <= 0x39; code = text.charCodeAt(++at)) value = value * 10 + (code - 0x30);
  const digits = at - state.at;
  const goesOn = code === 0x2e || code === 0x65 || code === 0x45;
  const leadingZero = digits > 1 && text.charCodeAt(state.at) === 0x30;
  if (digits === 0 || digits > EXACT_DIGITS || goesOn || leadingZero) return undefined;
  state.at = at;
  return value;
}

function readString(state: State): string {
  const start = state.at + 1;
  const { text, limits } = state;
  let units = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return finishString(state, text.slice(start, at), units, at);
    if (code === 0x5c) return readEscaped(state, start, at);
    if (code < 0x20) throw new Unreadable("syntax", at);
    if (at - start >= limits.string) throw new Unreadable("string_too_long", at);
    units |= code;
  }
  throw new Unreadable("syntax", text.length);
}

/** No escape is longer than six characters. */
const LONGEST_ESCAPE = 6;

function readEscaped(state: State, start: number, from: number): string {
  const { text, limits } = state;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return finishString(state, unescape(text, start, at), SURROGATES, at);
    if (code === 0x5c) at++;
    if (at - start >= limits.string * LONGEST_ESCAPE) throw new Unreadable("string_too_long", at);
  }
  throw new Unreadable("syntax", text.length);
}

/** The platform's reader undoes the escapes of one string: on a single string it is as strict as RFC 8259. */
function unescape(text: string, start: number, end: number): string {
  try {
    const value: unknown = JSON.parse(text.slice(start - 1, end + 1));
    if (typeof value === "string") return value;
  } catch {
    // a malformed escape or a bare control character
  }
  throw new Unreadable("syntax", start);
}

/** Bits that every surrogate has; `units` is the union of all code units, so strings without them are well formed. */
const SURROGATES = 0xd800;

function finishString(state: State, value: string, units: number, end: number): string {
  if (value.length > state.limits.string) throw new Unreadable("string_too_long", state.at);
  if ((units & SURROGATES) === SURROGATES && !value.isWellFormed()) throw new Unreadable("ill_formed_string", state.at);
  state.at = end + 1;
  return value;
}

function enter(state: State): void {
  if (++state.depth > state.limits.depth) throw new Unreadable("too_deep", state.at);
  state.at++;
  skipSpace(state);
}

function readArray(state: State): readonly Json[] {
  enter(state);
  const items: Json[] = [];
  if (state.text.charCodeAt(state.at) === 0x5d) return leave(state, items);
  for (;;) {
    items.push(readValue(state));
    skipSpace(state);
    const code = state.text.charCodeAt(state.at);
    if (code === 0x5d) return leave(state, items);
    if (code !== 0x2c) throw new Unreadable("syntax", state.at);
    state.at++;
    skipSpace(state);
  }
}

function leave<T>(state: State, value: T): T {
  state.at++;
  state.depth--;
  return value;
}

function readObject(state: State): JsonObject {
  enter(state);
  // an object without prototype: no key can reach one
  const members = Object.create(null) as Record<string, Json>;
  if (state.text.charCodeAt(state.at) === 0x7d) return leave(state, members);
  for (let keys = 1; ; keys++) {
    if (keys > state.limits.keys) throw new Unreadable("too_many_keys", state.at);
    readMember(state, members);
    skipSpace(state);
    const code = state.text.charCodeAt(state.at);
    if (code === 0x7d) return leave(state, members);
    if (code !== 0x2c) throw new Unreadable("syntax", state.at);
    state.at++;
    skipSpace(state);
  }
}

function readMember(state: State, members: Record<string, Json>): void {
  const at = state.at;
  if (state.text.charCodeAt(at) !== 0x22) throw new Unreadable("syntax", at);
  const key = readString(state);
  if (key === "__proto__" || key === "constructor" || key === "prototype") throw new Unreadable("forbidden_key", at);
  if (key in members) throw new Unreadable("duplicate_key", at);
  skipSpace(state);
  if (state.text.charCodeAt(state.at) !== 0x3a) throw new Unreadable("syntax", state.at);
  state.at++;
  skipSpace(state);
  members[key] = readValue(state);
}

/** Whether a JSON value is an object (and neither null nor an array). */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
