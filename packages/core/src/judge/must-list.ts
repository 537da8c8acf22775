import type { Authority } from "../authority/entry.ts";
import { parseHeld } from "../authority/parse.ts";
import type { Connector } from "../connector/connector.ts";
import { ConnectorMistake, entries, list, members, mistake, oneOf, text } from "../connector/strict.ts";
import { utf8 } from "../bytes.ts";
import type { Json, JsonObject } from "../json/read.ts";
import { type RefusalCode, REFUSALS } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { RawRequest } from "./calls-in.ts";
import { knownTypesOf } from "./known-types.ts";

/** What a row must come to: the exact code of a refusal, or exactly what is sent. */
export type Expected = { readonly code: RefusalCode } | { readonly sent: readonly Sent[] };

/** One request upstream. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
}

/** One request of a list, under one of its grants. */
export interface MustRow {
  readonly grant: string;
  readonly request: RawRequest;
  readonly expected: Expected;
}

/** Requests that a connector must, or must never, let through. */
export interface MustList {
  readonly grants: Readonly<Record<string, Authority>>;
  /** Answers of the API, by `GET /path`. */
  readonly known: Readonly<Record<string, Json>>;
  readonly rows: readonly MustRow[];
}

/** Which list it is: its rows end in `sent`, or in `code`. */
export type MustKind = "allow" | "deny";

/** Reads a `<name>.must-allow.yaml` or `<name>.must-deny.yaml`. Whatever it says that is not known here is an error, with its path. */
export function parseMustList(json: Json, connector: Connector, kind: MustKind): Result<MustList, string> {
  try {
    const read = members(json, "list", ["grants", "known?", "rows"]);
    const grants = entries(read["grants"], "grants", (value, path) => readGrant(value, path, connector));
    const known = read["known"] === undefined ? {} : entries(read["known"], "known", readKnown);
    const rows = list(read["rows"], "rows", (row, path) => readRow(row, path, Object.keys(grants), kind));
    if (rows.length === 0) mistake("rows", "is empty");
    return ok({ grants, known, rows });
  } catch (error) {
    if (error instanceof ConnectorMistake) return err(error.message);
    throw error;
  }
}

function readGrant(json: Json, path: string, connector: Connector): Authority {
  const read = parseHeld(json, knownTypesOf(connector, connector.name));
  if (!read.ok) return mistake(path, read.error.detail);
  if (read.value.some(({ record }) => record.by === "any")) mistake(path, "names its records, as a grant does");
  return read.value;
}

function readKnown(json: Json, path: string, name: string): Json {
  return name.startsWith("GET /") ? json : mistake(path, "is named by `GET /path`");
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"];

function readRow(json: Json, path: string, grants: readonly string[], kind: MustKind): MustRow {
  const end = kind === "allow" ? "sent" : "code";
  const row = members(json, path, ["grant", "method", "path", "headers?", "body?", "text?", "why?", end]);
  if (row["body"] !== undefined && row["text"] !== undefined) mistake(path, "has either `body` or `text`");
  return {
    grant: oneOf(row["grant"], `${path}.grant`, grants),
    request: readRequest(row, path),
    expected: kind === "allow" ? { sent: readAllSent(row["sent"], `${path}.sent`) } : { code: readCode(row, path) },
  };
}

function readRequest(row: JsonObject, path: string): RawRequest {
  const body = row["text"] === undefined ? row["body"] : undefined;
  const written = body === undefined ? row["text"] : JSON.stringify(body);
  if (written !== undefined && typeof written !== "string") return mistake(`${path}.text`, "is a text");
  const headers = row["headers"] === undefined ? [] : readHeaders(row["headers"], `${path}.headers`);
  const typed = headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === "content-type");
  return {
    method: oneOf(row["method"], `${path}.method`, METHODS),
    target: anyText(row["path"], `${path}.path`),
    rawHeaders: written === undefined || typed ? headers : [...headers, "Content-Type", "application/json"],
    body: written === undefined ? undefined : utf8(written),
  };
}

/** Headers by name; a list of values is a header that is repeated. */
const readHeaders = (json: Json, path: string): readonly string[] =>
  Object.entries(
    entries(json, path, (value, at) => (Array.isArray(value) ? list(value, at, anyText) : [anyText(value, at)])),
  ).flatMap(([name, values]) => values.flatMap((value) => [name, value]));

const anyText = (json: Json | undefined, path: string): string =>
  typeof json === "string" ? json : mistake(path, "is a text");

/** A batch is sent as several requests, which are a list. */
const readAllSent = (json: Json | undefined, path: string): readonly Sent[] =>
  Array.isArray(json) ? list(json, path, readSent) : [readSent(json, path)];

function readSent(json: Json | undefined, path: string): Sent {
  const { method, path: target, body } = members(json, path, ["method", "path", "body?"]);
  return {
    method: oneOf(method, `${path}.method`, METHODS),
    path: text(target, `${path}.path`),
    ...(body === undefined ? {} : { body }),
  };
}

/** Codes that can be given before anything is sent; any other could not be shown by a row. */
function readCode(row: JsonObject, path: string): RefusalCode {
  const code = text(row["code"], `${path}.code`);
  const early = EARLY.find((one) => one === code);
  if (early !== undefined) return early;
  return mistake(
    `${path}.code`,
    code in REFUSALS ? "cannot be given before anything is sent" : "is no code of a refusal",
  );
}

const EARLY = [
  "head_refused",
  "body_refused",
  "operation_unknown",
  "operation_not_granted",
  "record_not_granted",
  "field_not_granted",
  "value_not_granted",
  "approval_required",
] as const satisfies readonly RefusalCode[];
