import { err, type Head, type Json, ok, readHead, readJson, type Refusal, refuse, type Result } from "@remit/core";
import { decodeForm, readUtf8 } from "@remit/core";
import type { IncomingMessage } from "node:http";
import { readBody } from "./read-body.ts";

const MAX_BODY = 65_536;

/** A request with one reading: its head, and its body as bytes. */
export interface ReadRequest {
  readonly head: Head;
  readonly body: Uint8Array;
}

/** Reads a request whole, within bounds. */
export async function readRequest(request: IncomingMessage): Promise<Result<ReadRequest, Refusal>> {
  const head = readHead({
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
  });
  if (!head.ok) return err(refuse("malformed_request", `head ${head.error}`));
  const body = await readBody(request, MAX_BODY);
  return body === undefined ? err(refuse("malformed_request", "body too large")) : ok({ head: head.value, body });
}

const FORM_CHARACTERS = /^[A-Za-z0-9*\-._~!$'()+,:;@%/?&=[\]|"{}]*$/;
const MAX_PARAMETERS = 32;

/** Reads a form (RFC 6749 appendix B): exact media type, UTF-8, no parameter twice (RFC 6749 3.2). */
export function readForm({ head, body }: ReadRequest): Result<ReadonlyMap<string, string>, Refusal> {
  const bad = (what: string): Result<never, Refusal> => err(refuse("malformed_request", what));
  const type = head.headers.get("content-type");
  if (type !== "application/x-www-form-urlencoded" && type !== "application/x-www-form-urlencoded;charset=UTF-8")
    return bad("content type");
  const text = readUtf8(body);
  if (text === undefined || !FORM_CHARACTERS.test(text)) return bad("form encoding");
  const form = new Map<string, string>();
  for (const part of text === "" ? [] : text.split("&")) {
    const at = part.indexOf("=");
    const name = decodeForm(at === -1 ? part : part.slice(0, at));
    const value = decodeForm(at === -1 ? "" : part.slice(at + 1));
    if (name === undefined || name === "" || value === undefined) return bad("form encoding");
    if (form.has(name)) return err(refuse("repeated_parameter", `\`${name}\``));
    form.set(name, value);
    if (form.size > MAX_PARAMETERS) return bad("too many parameters");
  }
  // a parameter without a value is as if it was left out (RFC 6749 3.2)
  for (const [name, value] of form) if (value === "") form.delete(name);
  return ok(form);
}

/** Reads a JSON body: exact media type, strict JSON. */
export function readJsonBody({ head, body }: ReadRequest): Result<Json, Refusal> {
  const type = head.headers.get("content-type");
  if (type !== "application/json" && type !== "application/json; charset=utf-8")
    return err(refuse("malformed_request", "content type"));
  const json = readJson(body);
  return json.ok ? json : err(refuse("malformed_request", `body ${json.error.reason} at ${json.error.at}`));
}
