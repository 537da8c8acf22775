import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type JsonObject, readDpopProof } from "@remit/core";
import { DETAILS, id, NOW, RESOURCE } from "./fixture.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = {
  readonly status: number;
  readonly json: JsonObject;
  readonly headers?: Record<string, string>;
};

/** A loopback server that answers as the test says and keeps what it was sent. */
export async function serve(
  t: TestContext,
  answer: (asked: Asked) => Answer,
): Promise<{ readonly base: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = "", url: path = "", headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    const { status, json, headers: more } = answer(one);
    response.writeHead(status, { "content-type": "application/json", ...more });
    response.end(JSON.stringify(json));
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // a TCP listener's address is an object
  const { port } = server.address() as AddressInfo;
  return { base: `http://127.0.0.1:${port}`, asked };
}

export const GRANTED = {
  access_token: "the-token",
  issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
  token_type: "DPoP",
  expires_in: 120,
  authorization_details: DETAILS,
  task: id("tsk"),
  grant: id("grn"),
  lease_until: NOW + 180,
  task_ends: NOW + 3_600,
};

export const wantsNonce = (nonce: string): Answer => ({
  status: 400,
  json: { error: "use_dpop_nonce", remit: { code: "nonce_required", decision: id("dec") } },
  headers: { "dpop-nonce": nonce },
});

export const proofOf = (asked: Asked | undefined) => {
  const read = readDpopProof(String(asked?.headers["dpop"]));
  assert.ok(read.ok);
  return read.value.jws.payload;
};

export const REQUEST = {
  subjectToken: "id-token-of-ada",
  subjectTokenType: "id_token",
  resource: RESOURCE,
  authorizationDetails: DETAILS,
  policy: "triage",
  duration: 60,
} as const;
