import { type Json, type JsonLimits, readJson } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, type Result } from "../result.ts";

const JSON_TYPES = ["application/json", "application/json; charset=utf-8"];

/** Reads the bytes of a body that is there: one media type in one spelling, no encoding over it, one reading. */
export function readJsonBody(
  headers: ReadonlyMap<string, string>,
  bytes: Uint8Array,
  limits: JsonLimits,
): Result<Json, Refusal> {
  if (!JSON_TYPES.includes(headers.get("content-type") ?? "") || headers.has("content-encoding"))
    return err(refuse("body_refused", "content type"));
  const json = readJson(bytes, limits);
  return json.ok ? json : err(refuse("body_refused", `not JSON with one reading: ${json.error.reason}`));
}
