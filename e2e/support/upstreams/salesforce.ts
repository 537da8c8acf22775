import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "@remit/core";
import { answer, partsOf, type Said } from "./salesforce-doors.ts";
import { openOrg, type SalesforceOrg } from "./salesforce-records.ts";

export { IDS, longId } from "./salesforce-records.ts";

/** A request as it came. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Salesforce's REST API as far as one-record connectors and those who attack them know it, over real HTTP. */
export interface Salesforce extends AsyncDisposable {
  readonly origin: string;
  /** The access token that it takes. */
  readonly accessToken: string;
  readonly received: readonly Received[];
  readonly org: SalesforceOrg;
}

const MAX_BODY = 1_048_576;
const MAX_RECEIVED = 10_000;
const API = /^\/services\/data\/(v[0-9]{2}\.0\/.+)$/;

/** Starts it on a loopback port. */
export async function startSalesforce(): Promise<Salesforce> {
  const accessToken = `00D5g!${randomBytes(24).toString("base64url")}`;
  const org = openOrg();
  const received: Received[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const { method = "", url = "", headers } = request;
    if (received.length < MAX_RECEIVED) received.push({ method, url, headers, body });
    if (headers.authorization !== `Bearer ${accessToken}`)
      return say(response, {
        status: 401,
        body: [{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }],
      });
    const target = API.exec(url)?.[1];
    if (target === undefined)
      return say(response, { status: 200, body: { reached: "a door outside of the data API" } });
    say(response, answer(org, { ...partsOf(target), method, body: jsonIn(body) }));
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // a TCP listener's address is an object
  const { port } = server.address() as AddressInfo;
  return {
    ...{ origin: `http://127.0.0.1:${port}`, accessToken, received, org },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY) throw new Error("larger than this desk takes");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function jsonIn(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  // what JSON.parse makes is JSON
  return JSON.parse(text) as Json;
}

function say(response: ServerResponse, { status, body, csv }: Said): void {
  const type = csv === undefined ? "application/json;charset=UTF-8" : "text/csv";
  const text = csv ?? (body === undefined ? "" : JSON.stringify(body));
  response.writeHead(status, {
    ...(text === "" ? {} : { "content-type": type }),
    "sforce-limit-info": "api-usage=1/15000",
  });
  response.end(text);
}
