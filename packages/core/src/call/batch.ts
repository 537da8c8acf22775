import { utf8 } from "../bytes.ts";
import type { BatchSpec } from "../connector/batch.ts";
import { type Head, readHead } from "../http-head.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { CallRequest } from "./decide.ts";
import type { Decided } from "./decided.ts";

/** One request of a batch, read as strictly as one that came by itself. */
export interface BatchPart {
  readonly head: Head;
  readonly body: Json | undefined;
}

/** The batch that a request is, by its method and raw path segments; undefined: it is none. */
export function batchAt(
  batches: readonly BatchSpec[],
  method: string,
  segments: readonly string[],
): BatchSpec | undefined {
  const path = `/${segments.join("/")}`;
  return method === "POST" ? batches.find(({ accept }) => accept.includes(path)) : undefined;
}

const no = (detail: string): Result<never, Refusal> => err(refuse("body_refused", detail));

/** The requests that a batch holds, in their order. A batch that holds anything else is refused whole. */
export function partsOfBatch(spec: BatchSpec, body: Json | undefined): Result<readonly BatchPart[], Refusal> {
  if (!isJsonObject(body)) return no("the batch is not an object");
  const odd = Object.keys(body).find((name) => name !== spec.list && !isConstant(spec, name, body[name]));
  if (odd !== undefined) return no(`\`/${odd}\` is not part of this batch, or has another value`);
  const list = body[spec.list];
  if (!Array.isArray(list) || list.length === 0 || list.length > spec.most)
    return no(`\`/${spec.list}\` holds from one to ${spec.most} requests`);
  const parts: BatchPart[] = [];
  for (const [index, item] of (list as readonly Json[]).entries()) {
    const part = readPart(spec, item, `/${spec.list}/${index}`);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return ok(parts);
}

const isConstant = ({ constants }: BatchSpec, name: string, value: Json | undefined): boolean =>
  Object.hasOwn(constants, name) && constants[name] === value;

function readPart({ part, below }: BatchSpec, item: Json, path: string): Result<BatchPart, Refusal> {
  if (!isJsonObject(item)) return no(`\`${path}\` is not an object`);
  const names = Object.values(part);
  const odd = Object.keys(item).find((name) => !names.includes(name));
  if (odd !== undefined) return no(`\`${path}/${odd}\` is not part of a request of this batch`);
  const [method, target] = [item[part.method], item[part.target]];
  if (typeof method !== "string" || typeof target !== "string") return no(`\`${path}\` names no method and target`);
  const head = readHead({ method, url: below + target, rawHeaders: ["host", "batch"] });
  return head.ok
    ? ok({ head: head.value, body: item[part.body] })
    : no(`\`${path}\` has more than one reading: ${head.error}`);
}

/** A request of a batch as the call that it is, decided with the others. */
export const callOfPart = ({ head, body }: BatchPart): CallRequest => ({
  ...{ head, segments: head.segments, decidedWithOthers: true },
  readBody: async ({ bytes }) =>
    Promise.resolve(
      body !== undefined && utf8(JSON.stringify(body)).length > bytes
        ? err(refuse("body_refused", "larger than the operation takes"))
        : ok(body),
    ),
});

/** Why a call that is permitted is none that a batch may hold. */
export const partRefusal = ({ named }: Decided): Refusal | undefined =>
  named.routed.spec.response.kind === "bytes" ? refuse("operation_unknown", "a file is no part of a batch") : undefined;

/** What came of the requests, in the batch's own form. */
export function batchAnswer(
  { answer }: BatchSpec,
  parts: readonly { readonly status: number; readonly body: Json | undefined }[],
): JsonObject {
  return {
    [answer.failed]: parts.some(({ status }) => status >= 400),
    [answer.list]: parts.map(({ status, body }) => ({ [answer.status]: status, [answer.body]: body ?? null })),
  };
}
