import {
  type Ask,
  type Authority,
  err,
  ok,
  type OwnAnswer,
  type RecordProof,
  proveRecord,
  type RecordType,
  refuse,
  type Refusal,
  type Result,
} from "@remit/core";
import type { Served } from "../gateway.ts";
import { reflects } from "../http/reflected.ts";
import { jsonOf } from "../http/upstream-answer.ts";
import { UpstreamFault } from "../upstream/fault.ts";
import type { UpstreamAnswer } from "../upstream/upstream.ts";

/** Reads where a record is, in this very call. */
export async function prove(
  served: Served,
  type: RecordType,
  named: string,
  outside: Refusal,
  authority: Authority,
  signal: AbortSignal,
): Promise<Result<RecordProof, Refusal>> {
  const { connector, connection, location } = served;
  const terms = { connector, resource: { name: connection.resource, location }, authority };
  try {
    return await proveRecord(terms, { type, named, outside }, askOf(served, signal));
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    return err(error.answered ? { ...outside, detail: error.message } : refuse(error.code, error.message));
  }
}

/** This gateway's own reads under its connection. An answer with the credential in it says nothing of any record. */
export const askOf =
  (served: Served, signal: AbortSignal): Ask =>
  async (target, maxBytes) => {
    const request = { method: "GET", target, body: undefined };
    const answer = await served.upstream.send(request, maxBytes, signal);
    return reflects(answer.body, served.spellings.reveal())
      ? err({ about: "record", detail: "the answer holds the injected credential" })
      : ok(ownAnswer(answer));
  };

/** An answer as far as it may say which record it is about. */
export const ownAnswer = (answer: UpstreamAnswer): OwnAnswer => ({
  status: answer.status,
  etag: answer.etag,
  json: jsonOf(answer),
});
