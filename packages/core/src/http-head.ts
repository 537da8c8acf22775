import { err, ok, type Result } from "./result.ts";

/** Why a request line or header block has more than one reading, or asks for something that is not served. */
export type HeadFault =
  | "method"
  | "target_form"
  | "path_character"
  | "path_segment"
  | "path_encoding"
  | "query_encoding"
  | "header_name"
  | "header_value"
  | "header_repeated"
  | "header_refused"
  | "header_size"
  | "host"
  | "body_on_safe_method";

export interface QueryPair {
  readonly name: string;
  readonly value: string;
}

/** A request head of which there is only one reading. */
export interface Head {
  readonly method: string;
  /** The raw path, exactly as sent. */
  readonly path: string;
  /** Raw segments; percent-encodings are well formed but still encoded. */
  readonly segments: readonly string[];
  /** Decoded pairs in their order; repeats are kept for the connector to judge. */
  readonly query: readonly QueryPair[];
  /** Header values by lower-case name; no name occurs twice. */
  readonly headers: ReadonlyMap<string, string>;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const MAX_HEADERS = 16_384;
const MAX_TARGET = 8_192;
const REFUSED = [
  "expect",
  "upgrade",
  "te",
  "trailer",
  "x-http-method-override",
  "x-method-override",
  "x-http-method",
  "x-original-url",
  "x-rewrite-url",
];

/** Reads what an HTTP server was sent, from its raw request target and raw header list. */
export function readHead(raw: {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
}): Result<Head, HeadFault> {
  if (!METHODS.includes(raw.method)) return err("method");
  const headers = readHeaders(raw.rawHeaders);
  if (!headers.ok) return headers;
  if (BODILESS.includes(raw.method) && announcesBody(headers.value)) return err("body_on_safe_method");
  if (raw.url.length > MAX_TARGET || !raw.url.startsWith("/") || raw.url.startsWith("//")) return err("target_form");
  const end = raw.url.indexOf("?");
  const path = end === -1 ? raw.url : raw.url.slice(0, end);
  const segments = readSegments(path);
  if (!segments.ok) return segments;
  const query = end === -1 ? ok([]) : readQuery(raw.url.slice(end + 1));
  if (!query.ok) return query;
  return ok({
    method: raw.method,
    path,
    segments: segments.value,
    query: query.value,
    headers: headers.value,
  });
}

const BODILESS = ["GET", "HEAD", "DELETE"];

const announcesBody = (headers: ReadonlyMap<string, string>): boolean =>
  headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";

const PATH = /^[A-Za-z0-9\-._~!$&'()*+,=:@%/]+$/;
const HEX_PAIRS = /%(?![0-9A-Fa-f]{2})/;
/** Encodings that some server would undo into a separator, a dot or a control character. */
const HIDDEN = /%(?:2[eEfF]|5[cC]|3[bB]|[01][0-9A-Fa-f]|7[fF]|25)/;

function readSegments(path: string): Result<readonly string[], HeadFault> {
  if (!PATH.test(path)) return err("path_character");
  if (HEX_PAIRS.test(path)) return err("path_encoding");
  if (path === "/") return ok([]);
  const segments = path.slice(1).split("/");
  // an encoded slash is a matter of the one connector that declares it, but what it would part is judged here
  const parts = segments.flatMap((segment) => segment.split(/%2[fF]/));
  if (parts.some((part) => part === "" || part === "." || part === "..")) return err("path_segment");
  if (parts.some((part) => HIDDEN.test(part) || readPercent(part) === undefined)) return err("path_encoding");
  return ok(segments);
}

const QUERY = /^[A-Za-z0-9\-._~!$'()*+,=:@%/?&[\]|]*$/;

function readQuery(text: string): Result<readonly QueryPair[], HeadFault> {
  if (text === "") return ok([]);
  if (!QUERY.test(text) || HEX_PAIRS.test(text)) return err("query_encoding");
  const pairs: QueryPair[] = [];
  for (const part of text.split("&")) {
    const at = part.indexOf("=");
    const name = decodeForm(at === -1 ? part : part.slice(0, at));
    const value = decodeForm(at === -1 ? "" : part.slice(at + 1));
    if (name === undefined || name === "" || value === undefined) return err("query_encoding");
    pairs.push({ name, value });
  }
  return ok(pairs);
}

/** Undoes form encoding (`+` is a space); undefined for what is not well-formed UTF-8. */
export function decodeForm(text: string): string | undefined {
  return readPercent(text.replaceAll("+", " "));
}

/** Undoes percent-encoding (RFC 3986 2.1) of ASCII, once; undefined for what is not well-formed UTF-8 then. */
function readPercent(text: string): string | undefined {
  if (!ASCII.test(text)) return undefined;
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // malformed input is an expected answer here, not a fault
    return undefined;
  }
}

const ASCII = /^[\0-\x7f]*$/;

const NAME = /^[!#$%&'*+\-.^`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

function readHeaders(raw: readonly string[]): Result<ReadonlyMap<string, string>, HeadFault> {
  const headers = new Map<string, string>();
  let size = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const written = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    size += written.length + value.length + 4;
    // judged as written: some letters outside ASCII have a lower case inside it
    if (!NAME.test(written)) return err("header_name");
    const name = written.toLowerCase();
    if (!VALUE.test(value)) return err("header_value");
    if (headers.has(name)) return err("header_repeated");
    if (REFUSED.includes(name) || name.startsWith("proxy-")) return err("header_refused");
    headers.set(name, value);
  }
  if (size > MAX_HEADERS) return err("header_size");
  if ((headers.get("host") ?? "") === "") return err("host");
  return framesOneWay(headers) ? ok(headers) : err("header_refused");
}

/** Whether every server finds the same end of the body (RFC 9112 6): one length in digits, or chunks and nothing else. */
function framesOneWay(headers: ReadonlyMap<string, string>): boolean {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (length !== undefined) return coding === undefined && /^(?:0|[1-9][0-9]{0,14})$/.test(length);
  return coding === undefined || coding === "chunked";
}
