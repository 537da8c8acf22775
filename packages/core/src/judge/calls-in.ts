import { batchAt, callOfPart, partsOfBatch } from "../call/batch.ts";
import type { CallRequest, Terms } from "../call/decide.ts";
import { readJsonBody } from "../call/json-body.ts";
import { type Head, readHead } from "../http-head.ts";
import { JSON_LIMITS, type Json, type JsonLimits } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";

/** A request as a client would send it, to a path below the resource. */
export interface RawRequest {
  readonly method: string;
  /** Raw path and query. */
  readonly target: string;
  /** Names and values in turn, as written; `Host` and a length are added where they are not there. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array | undefined;
}

/** The calls that a request is: one, or those of a batch in their order. */
export async function callsIn(
  { connector, resource }: Pick<Terms, "connector" | "resource">,
  request: RawRequest,
): Promise<Result<readonly CallRequest[], Refusal>> {
  const head = headOf({ resource }, request);
  if (!head.ok) return head;
  const segments = head.value.segments.slice(2);
  const readBody = bodyReader(head.value, request.body);
  const batch = batchAt(connector.batches, head.value.method, segments);
  if (batch === undefined) return ok([{ head: head.value, segments, readBody }]);
  const body = await readBody({ ...JSON_LIMITS, bytes: batch.max });
  if (!body.ok) return body;
  const parts = partsOfBatch(batch, body.value);
  return parts.ok ? ok(parts.value.map(callOfPart)) : parts;
}

function headOf(
  { resource }: Pick<Terms, "resource">,
  { method, target, rawHeaders, body }: RawRequest,
): Result<Head, Refusal> {
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  const framed = names.includes("content-length") || names.includes("transfer-encoding");
  const head = readHead({
    method,
    // what does not begin like a path is left to the reader, which refuses it
    url: target.startsWith("/") ? `/r/${resource.name}${target}` : target,
    rawHeaders: [
      ...(names.includes("host") ? [] : ["Host", "gateway.invalid"]),
      ...rawHeaders,
      ...(body === undefined || framed ? [] : ["Content-Length", String(body.length)]),
    ],
  });
  if (!head.ok) return err(refuse("head_refused", head.error));
  return head.value.headers.has("origin") ? err(refuse("head_refused", "host or origin")) : head;
}

const bodyReader =
  ({ headers }: Head, body: Uint8Array | undefined) =>
  async (limits: JsonLimits): Promise<Result<Json | undefined, Refusal>> => {
    if (body === undefined || body.length === 0) return Promise.resolve(ok(undefined));
    const read =
      body.length > limits.bytes
        ? err(refuse("body_refused", "larger than the operation takes"))
        : readJsonBody(headers, body, limits);
    return Promise.resolve(read);
  };
