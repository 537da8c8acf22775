import type { ServerResponse } from "node:http";
import { REFUSALS, type Refusal } from "@remit/core";

/** Leaves a route with an answer that is not the good one. */
export class Answer extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    super(`answer ${status}`);
    this.status = status;
    this.body = body;
  }
}

export const refused = (refusal: Refusal): Answer => new Answer(REFUSALS[refusal.code].status, { error: refusal.code });

export const malformed = (): Answer => new Answer(400, { error: "invalid_request" });

/** Sends JSON that no one may keep. */
export function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    // with its length the answer is one record of TLS, not one for the head and one for each chunk
    "content-length": Buffer.byteLength(text),
  };
  response.writeHead(status, status === 503 ? { ...headers, "retry-after": "1" } : headers);
  response.end(text);
}
