import {
  err,
  type Json,
  type JsonObject,
  mapUpstreamError,
  ok,
  project,
  type Projection,
  readJson,
  type Refusal,
  refuse,
  type Result,
  type Secret,
} from "@remit/core";
import type { UpstreamAnswer } from "../upstream/upstream.ts";
import type { Finder } from "./finder.ts";
import { reflects } from "./reflected.ts";

/** What is released to the caller. */
export interface Answered {
  readonly status: number;
  readonly body: Json | JsonObject | undefined;
}

/** Turns an upstream's answer into what may be released, or withholds it. */
export function answerOf(
  raw: UpstreamAnswer,
  projection: Projection,
  spellings: Secret<Finder>,
): Result<Answered, Refusal> {
  if (reflects(raw.body, spellings.reveal()))
    return err(refuse("reflected_secret", "the answer holds the injected credential"));
  if (raw.status >= 300 && raw.status < 400)
    return err(refuse("upstream_refused", "the upstream redirects, and redirects are not followed"));
  if (raw.status === 401 || raw.status === 403)
    return err(refuse("upstream_refused", "the upstream refuses the connection's credential for this"));
  const json = jsonOf(raw);
  const { response } = projection.named.routed.spec;
  if (!response.status.includes(raw.status)) {
    if (raw.status < 300)
      return err(refuse("upstream_failed", "the upstream answered with another success than declared"));
    if (raw.status === 412 && projection.conditional === true)
      return err(refuse("precondition_failed", "the record changed since it was read"));
    return ok(mapUpstreamError(raw.status, json.ok ? json.value : undefined, projection.entry));
  }
  if (response.kind === "empty") return project(raw.status, undefined, projection);
  return json.ok ? project(raw.status, json.value, projection) : json;
}

/** An answer's JSON, which has one reading; undefined where there is no body. */
export function jsonOf(raw: UpstreamAnswer): Result<Json | undefined, Refusal> {
  if (raw.body.length === 0) return ok(undefined);
  if (!/^application\/(?:[a-z.+-]+\+)?json(?:;|$)/.test(raw.contentType))
    return err(refuse("upstream_failed", "the answer is not JSON"));
  const json = readJson(raw.body);
  return json.ok
    ? json
    : err(refuse("upstream_failed", `the answer is not JSON with one reading: ${json.error.reason}`));
}
