import { decodeForm, isJsonObject, type Json, readJson, readUtf8 } from "@remit/core";
import type { RecordedCall } from "./har.ts";

const SENSITIVE =
  /auth(?!or(?!iz))|token|secret|passw|pwd|api[-_]?key|access[-_]?key|private|credential|cookie|session|signature|^sig$|jwt/i;
/** In a query or a header a key opens something; in an answer it is any name. */
const SENSITIVE_OUTSIDE = new RegExp(`${SENSITIVE.source}|^key$|^code$`, "i");
/** Shorter values are words, and would black out everything. */
const SHORTEST = 6;
const DEEPEST = 16;
const LONGEST = 500;

/** Makes a function that prints texts of a recording without any credential that the recording holds. */
export function createRedactor(calls: readonly RecordedCall[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const call of calls) for (const secret of secretsOf(call)) if (secret.length >= SHORTEST) secrets.add(secret);
  // the longest first, so that none leaves a part of itself
  const ordered = [...secrets].sort((one, other) => other.length - one.length);
  return (text) => bounded(ordered.reduce((clean, secret) => clean.replaceAll(secret, "[credential]"), text));
}

/** A name in a recording may be as long as anything. */
const bounded = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`);

function* secretsOf({ headers, target, body, answer, userinfo, setCookies }: RecordedCall): Generator<string> {
  if (userinfo !== undefined) for (const part of [userinfo, ...userinfo.split(":").slice(1)]) yield* spellings(part);
  for (const [name, value] of headers) if (SENSITIVE_OUTSIDE.test(name)) yield* ofHeader(value);
  for (const cookie of setCookies) yield* ofHeader(cookie.split(";")[0] ?? "");
  yield* inForm(target.split("?")[1] ?? "");
  const json = body === undefined ? undefined : readJson(body);
  if (json?.ok === true) yield* inJson(json.value, 0);
  else if (body !== undefined) yield* inForm(readUtf8(body) ?? "");
  if (answer !== undefined) yield* inJson(answer, 0);
}

/** Pairs as in a query or in a form. */
function* inForm(text: string): Generator<string> {
  for (const pair of text.split("&")) {
    const [name = "", value = ""] = pair.split("=");
    if (SENSITIVE_OUTSIDE.test(name)) yield* spellings(value);
  }
}

/** All of a value, and each part that may stand elsewhere alone: after a scheme, in a cookie, behind a user's name. */
function* ofHeader(value: string): Generator<string> {
  yield value;
  for (const part of value.split(/[\s,;]+/)) {
    yield* spellings(part);
    const at = part.indexOf("=");
    if (at > 0) yield* spellings(part.slice(at + 1).replaceAll('"', ""));
    const decoded = /^[A-Za-z0-9+/_-]+={0,2}$/.test(part) ? Buffer.from(part, "base64").toString("utf8") : "";
    const password = decoded.indexOf(":");
    if (password > 0) yield* spellings(decoded.slice(password + 1));
  }
}

function* spellings(value: string): Generator<string> {
  yield value;
  yield encodeURIComponent(value);
  const decoded = decodeForm(value);
  if (decoded !== undefined) yield decoded;
}

function* inJson(value: Json, depth: number): Generator<string> {
  if (depth > DEEPEST) return;
  if (Array.isArray(value)) for (const item of value as readonly Json[]) yield* inJson(item, depth + 1);
  if (!isJsonObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "string" && SENSITIVE.test(name)) yield* spellings(inner);
    yield* inJson(inner, depth + 1);
  }
}

const PLAIN = /^[A-Za-z0-9._~@-]{1,32}$/;
const LIKE_A_SECRET = /^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9._~-]{20,}$/;

/** A path that may be printed: what could be a value of its own in it is left out, as is the query. */
export function plainPath(target: string): string {
  const [path = "", query] = target.split("?");
  const segments = path.split("/").map((segment) => {
    if (segment === "") return segment;
    return PLAIN.test(segment) && !LIKE_A_SECRET.test(segment) ? segment : "…";
  });
  return `${segments.join("/")}${query === undefined ? "" : "?…"}`;
}
