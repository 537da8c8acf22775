import {
  err,
  isJsonObject,
  type JsonObject,
  ok,
  type RecordType,
  refuse,
  type Refusal,
  type Result,
} from "@remit/core";
import type { Served } from "../gateway.ts";
import { reflects } from "../http/reflected.ts";
import { jsonOf } from "../http/upstream-answer.ts";
import { identityIn, resolvePath } from "../resolve/resolve.ts";
import { UpstreamFault } from "../upstream/fault.ts";
import type { UpstreamAnswer } from "../upstream/upstream.ts";

/** What one response says of one record: which it is, and what it is part of. */
export interface Proof {
  readonly id: string;
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
  readonly version: string | undefined;
  readonly body: JsonObject;
}

const MAX_PROOF = 262_144;

/** Reads where a record is, in this very call. Whatever depends on the record and is no proof is the same `outside`. */
export async function prove(
  served: Served,
  type: RecordType,
  named: string,
  outside: Refusal,
  signal: AbortSignal,
): Promise<Result<Proof, Refusal>> {
  try {
    const request = { method: "GET", target: resolvePath(type, named), body: undefined };
    const answer = await served.upstream.send(request, MAX_PROOF, signal);
    if (reflects(answer.body, served.spellings.reveal()))
      return err({ ...outside, detail: "the answer holds the injected credential" });
    return proofIn(answer, [200], { type, named }, outside);
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    return err(error.answered ? { ...outside, detail: error.message } : refuse(error.code, error.message));
  }
}

/** Answers that speak of the upstream or of our credential, never of one record. */
const NOT_OF_A_RECORD = [401, 429, 502, 503, 504];

/** The proof in an answer to a question for one record; an answer for another one proves nothing. */
export function proofIn(
  answer: UpstreamAnswer,
  good: readonly number[],
  { type, named }: { readonly type: RecordType; readonly named: string },
  outside: Refusal,
): Result<Proof, Refusal> {
  if (NOT_OF_A_RECORD.includes(answer.status))
    return err(refuse("upstream_refused", `the upstream answered ${answer.status}`));
  const no = (detail: string): Result<Proof, Refusal> => err({ ...outside, detail });
  if (!good.includes(answer.status)) return no(`the upstream answered ${answer.status}`);
  const json = jsonOf(answer);
  if (!json.ok) return no(json.error.detail);
  const known = isJsonObject(json.value) ? identityIn(json.value, type) : undefined;
  if (known === undefined || !isJsonObject(json.value)) return no("the answer does not say which record it is about");
  if (named !== known.id && named !== known.alias) return no("the upstream answered for another name");
  return ok({ id: known.id, parents: known.parents, version: answer.etag, body: json.value });
}
