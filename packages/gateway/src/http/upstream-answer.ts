import {
  err,
  isJsonObject,
  type Json,
  JSON_LIMITS,
  type JsonObject,
  mapUpstreamError,
  ok,
  project,
  type Projection,
  rateLimited,
  readJson,
  refuse,
  type Refusal,
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
  readonly headers?: Readonly<Record<string, string>>;
  /** There instead of the body where the operation gives a file. */
  readonly file?: { readonly type: string; readonly bytes: Uint8Array };
}

/** Bounds of answers that an operation allows to be larger than what is read otherwise. */
const LARGE = { nodes: 200_000, keys: 20_000, string: 1_048_576 };

/** Turns an upstream's answer into what may be released, or withholds it. */
export function answerOf(
  raw: UpstreamAnswer,
  projection: Projection,
  spellings: Secret<Finder>,
): Result<Answered, Refusal> {
  const { connector, spec } = projection.named.routed;
  if (reflects(raw.body, spellings.reveal()))
    return err(refuse("reflected_secret", "the answer holds the injected credential"));
  const slow = rateLimited(connector, raw.status, (name) => raw.headers[name]);
  if (slow !== undefined) return ok(tooMany(raw.status, slow.retryAfter));
  if (raw.status >= 300 && raw.status < 400)
    return err(refuse("upstream_refused", "the upstream redirects, and redirects are not followed"));
  if (raw.status === 401 || raw.status === 403)
    return err(refuse("upstream_refused", "the upstream refuses the connection's credential for this"));
  if (!spec.response.status.includes(raw.status)) return otherStatus(raw, projection);
  switch (spec.response.kind) {
    case "empty":
      return project(raw.status, undefined, projection);
    case "bytes":
      return fileOf(raw, spec.response.types);
    case "record":
    case "records":
    case "list":
    case "value": {
      const json = jsonOf(raw, spec.response.max);
      // a GraphQL answer says what went wrong with a status of success
      if (spec.graphql !== undefined && json.ok && isJsonObject(json.value) && json.value["errors"] !== undefined)
        return ok(mapUpstreamError(connector, 422, undefined, projection.entry));
      return json.ok ? project(raw.status, json.value, projection) : json;
    }
  }
}

const tooMany = (status: number, retryAfter: number | undefined): Answered => ({
  status: 429,
  body: { error: "upstream", upstream: { status, code: "rate_limited", fields: [] } },
  ...(retryAfter === undefined ? {} : { headers: { "retry-after": String(retryAfter) } }),
});

function otherStatus(raw: UpstreamAnswer, projection: Projection): Result<Answered, Refusal> {
  if (raw.status < 300)
    return err(refuse("upstream_failed", "the upstream answered with another success than declared"));
  if (raw.status === 412 && projection.conditional === true)
    return err(refuse("precondition_failed", "the record changed since it was read"));
  const json = jsonOf(raw);
  const { connector } = projection.named.routed;
  return ok(mapUpstreamError(connector, raw.status, json.ok ? json.value : undefined, projection.entry));
}

/** A file as it is, under the type that the connector declares for it. */
function fileOf(raw: UpstreamAnswer, types: readonly string[]): Result<Answered, Refusal> {
  const type = /^[^;\s]*/.exec(raw.contentType)?.[0].toLowerCase() ?? "";
  return types.includes(type)
    ? ok({ status: raw.status, body: undefined, file: { type, bytes: raw.body } })
    : err(refuse("upstream_failed", "the answer is of a type that is not declared"));
}

/** An answer's JSON, which has one reading; undefined where there is no body. */
export function jsonOf(raw: UpstreamAnswer, max: number = 0): Result<Json | undefined, Refusal> {
  if (raw.body.length === 0) return ok(undefined);
  if (!/^application\/(?:[a-z.+-]+\+)?json(?:;|$)/.test(raw.contentType))
    return err(refuse("upstream_failed", "the answer is not JSON"));
  const json = readJson(raw.body, max > JSON_LIMITS.bytes ? { ...JSON_LIMITS, ...LARGE, bytes: max } : JSON_LIMITS);
  return json.ok
    ? json
    : err(refuse("upstream_failed", `the answer is not JSON with one reading: ${json.error.reason}`));
}
