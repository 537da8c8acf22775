import { readFileSync, statSync } from "node:fs";
import { fromBase64, isJsonObject, type Json, type JsonLimits, type JsonObject, readJson, utf8 } from "@remit/core";
import { CommandError } from "../exit.ts";

/** One call of a recording, as far as it matters here. */
export interface RecordedCall {
  /** Its place in the recording, from 1. */
  readonly number: number;
  readonly method: string;
  /** Scheme and host, without what a URL may say of a user. */
  readonly origin: string;
  /** Raw path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
  /** The recording says that there was a body, and does not hold it. */
  readonly lacksBody: boolean;
  /** The answer's JSON, where it was a success with one. */
  readonly answer: Json | undefined;
  /** What the URL said of a user. */
  readonly userinfo: string | undefined;
  readonly setCookies: readonly string[];
}

const MAX_BYTES = 268_435_456;
const MAX_ENTRIES = 100_000;
const LIMITS: JsonLimits = { bytes: MAX_BYTES, depth: 64, nodes: 20_000_000, keys: 4_096, string: 134_217_728 };

/** Leaves the nest of readers; never leaves this file. */
class NotHar extends Error {}

const fail = (path: string, what: string): never => {
  throw new NotHar(`\`${path}\`: ${what}`);
};

/** Reads a recording (HAR 1.2). What it must hold is read strictly; what browsers and proxies add to it is passed over. */
export function readHar(file: string): readonly RecordedCall[] {
  const json = readJson(bytesOf(file), LIMITS);
  if (!json.ok) throw notHar(file, `not JSON with one reading (${json.error.reason}, character ${json.error.at})`);
  try {
    const log = object(object(json.value, "har")["log"], "log");
    if (log["version"] !== "1.2") fail("log.version", "is 1.2");
    const entries = list(log["entries"], "log.entries");
    if (entries.length > MAX_ENTRIES) fail("log.entries", `are more than ${MAX_ENTRIES}`);
    return entries.map((entry, index) => readEntry(entry, `log.entries[${index}]`, index + 1));
  } catch (error) {
    if (error instanceof NotHar) throw notHar(file, error.message);
    throw error;
  }
}

function bytesOf(file: string): Uint8Array {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined)
    throw new CommandError("error", `\`${file}\` cannot be read`, { fix: "name a recording that is there" });
  if (size > MAX_BYTES) throw notHar(file, `larger than ${MAX_BYTES} bytes`);
  return readFileSync(file);
}

const notHar = (file: string, detail: string): CommandError =>
  new CommandError("error", `\`${file}\` is not a HAR 1.2 recording: ${detail}`, {
    fix: "export the traffic again, with contents",
  });

function readEntry(json: Json, path: string, number: number): RecordedCall {
  const entry = object(json, path);
  const request = object(entry["request"], `${path}.request`);
  const url = text(request["url"], `${path}.request.url`);
  const [, scheme, user, host, rest] =
    /^(https?):\/\/(?:([^/?#@]*)@)?([^/?#@]+)([^#]*)/i.exec(url) ?? fail(`${path}.request.url`, "is an http URL");
  const { body, lacksBody, mimeType } = readPosted(request, `${path}.request`);
  const headers = readHeaders(request["headers"], `${path}.request.headers`);
  const typed = body === undefined || headers.some(([name]) => name.toLowerCase() === "content-type");
  const response = object(entry["response"], `${path}.response`);
  return {
    ...{ number, body, lacksBody },
    method: text(request["method"], `${path}.request.method`),
    origin: `${scheme ?? ""}://${host ?? ""}`.toLowerCase(),
    target: rest === "" || rest === undefined ? "/" : rest.startsWith("/") ? rest : `/${rest}`,
    headers: typed || mimeType === "" ? headers : [...headers, ["content-type", mimeType]],
    answer: readAnswer(response, `${path}.response`),
    userinfo: user,
    setCookies: readHeaders(response["headers"], `${path}.response.headers`)
      .filter(([name]) => name.toLowerCase() === "set-cookie")
      .map(([, value]) => value),
  };
}

function readPosted(
  request: JsonObject,
  path: string,
): { readonly body: Uint8Array | undefined; readonly lacksBody: boolean; readonly mimeType: string } {
  const size = request["bodySize"];
  if (request["postData"] === undefined)
    return { body: undefined, lacksBody: typeof size === "number" && size > 0, mimeType: "" };
  const posted = object(request["postData"], `${path}.postData`);
  const mimeType = posted["mimeType"] === undefined ? "" : text(posted["mimeType"], `${path}.postData.mimeType`);
  if (posted["text"] === undefined) {
    const params = posted["params"] === undefined ? [] : list(posted["params"], `${path}.postData.params`);
    const lacksBody = params.length > 0 || (typeof size === "number" && size > 0);
    return { body: undefined, lacksBody, mimeType };
  }
  const body = decoded(posted, `${path}.postData`);
  return { body: body.length === 0 ? undefined : body, lacksBody: false, mimeType };
}

/** A text as it is, or as base64 says it. */
function decoded(holder: JsonObject, path: string): Uint8Array {
  const written = text(holder["text"], `${path}.text`);
  const { encoding } = holder;
  if (encoding === undefined || encoding === "") return utf8(written);
  if (encoding !== "base64") return fail(`${path}.encoding`, "is base64 or absent");
  return fromBase64(written) ?? fail(`${path}.text`, "is not base64");
}

/** What else is in a recording was never JSON, or is not needed. */
function readAnswer(response: JsonObject, path: string): Json | undefined {
  const { status } = response;
  if (typeof status !== "number") return fail(`${path}.status`, "is a number");
  if (status < 200 || status > 299 || response["content"] === undefined) return undefined;
  const content = object(response["content"], `${path}.content`);
  if (content["text"] === undefined) return undefined;
  const json = readJson(decoded(content, `${path}.content`), LIMITS);
  return json.ok ? json.value : undefined;
}

const readHeaders = (json: Json | undefined, path: string): RecordedCall["headers"] =>
  list(json, path).map((item, index) => {
    const header = object(item, `${path}[${index}]`);
    return [text(header["name"], `${path}[${index}].name`), text(header["value"], `${path}[${index}].value`)];
  });

const object = (json: Json | undefined, path: string): JsonObject =>
  isJsonObject(json) ? json : fail(path, "is an object");

const list = (json: Json | undefined, path: string): readonly Json[] =>
  Array.isArray(json) ? (json as readonly Json[]) : fail(path, "is a list");

const text = (json: Json | undefined, path: string): string =>
  typeof json === "string" ? json : fail(path, "is a text");
