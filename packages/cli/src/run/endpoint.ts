import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { makeHandle, Secret } from "@remit/core";

/** What the endpoint needs of the agent: to send one request with token and proof. */
export interface Caller {
  fetch(
    url: string,
    init: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: Uint8Array;
    },
  ): Promise<Response>;
}

/** One answered call, for the line that `remit run` prints at the end. */
export interface CallNote {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** A loopback endpoint that stands in for an API: it takes a phantom credential and sends the real authority. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string;
  /** Valid here, for this run, and nowhere else. */
  readonly phantom: Secret<string>;
  readonly calls: readonly CallNote[];
}

/** The largest body that a request may have, where the connector says nothing. */
const MAX_BODY = 1_048_576;

/** Opens the endpoint. `resource` is the URL under which the gateway serves the API. */
export async function openEndpoint(resource: string, caller: Caller, maxBody: number = MAX_BODY): Promise<Endpoint> {
  const phantom = new Secret(makeHandle("rmt_run_", randomBytes(32)));
  const calls: CallNote[] = [];
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, (request, response) => {
    void answer(request, response, { resource, caller, phantom, calls, maxBody, host: hostOf(server) });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://${hostOf(server)}`,
    phantom,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Serving {
  readonly resource: string;
  readonly caller: Caller;
  readonly phantom: Secret<string>;
  readonly calls: CallNote[];
  readonly maxBody: number;
  readonly host: string;
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { method = "GET", url = "/" } = request;
  // a web page must not reach this port, whatever name it finds for it
  if (request.headers.host !== serving.host || request.headers.origin !== undefined)
    return say(response, 403, "this endpoint serves one program on this machine");
  if (!carriesPhantom(request.headers.authorization, serving.phantom))
    return say(response, 401, "the credential of this run is required");
  const body = await readBody(request, serving.maxBody);
  if (body === undefined) return say(response, 413, "the body is too large");
  try {
    const answered = await serving.caller.fetch(serving.resource + url, {
      method,
      headers: passedOn(request),
      ...(body.length === 0 ? {} : { body }),
    });
    serving.calls.push({ method, path: url.split("?")[0] ?? url, status: answered.status });
    response.writeHead(answered.status, { ...passedBack(answered, serving), "cache-control": "no-store" });
    response.end(await bodyOf(answered, serving));
  } catch (error) {
    serving.calls.push({ method, path: url.split("?")[0] ?? url, status: 502 });
    say(response, 502, `the gateway could not be asked: ${error instanceof Error ? error.message : "unknown fault"}`);
  }
}

/** Of the gateway's own headers only what a program acts on; where a list goes on (RFC 8288) is said as it reaches it. */
function passedBack({ headers }: Response, { resource, host }: Serving): Record<string, string> {
  const link = headers.get("link")?.replaceAll(`<${resource}/`, `<http://${host}/`);
  const named = ["content-type", "retry-after"].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(named), ...(link === undefined ? {} : { link }) };
}

/** The gateway's links lead to the gateway, which this program cannot ask; here they lead to where it can. */
async function bodyOf(answered: Response, { resource, host }: Serving): Promise<Uint8Array | string> {
  const isJson = /^application\/json(?:;|$)/.test(answered.headers.get("content-type") ?? "");
  if (!isJson) return new Uint8Array(await answered.arrayBuffer());
  return (await answered.text()).replaceAll(`"${resource}/`, () => `"http://${host}/`);
}

/** Only what the gateway reads; never the credential, never anything that could change the meaning of the request. */
function passedOn(request: IncomingMessage): Record<string, string> {
  const { accept, "content-type": type } = request.headers;
  return {
    accept: accept ?? "application/json",
    ...(type === undefined || request.headers["content-length"] === undefined ? {} : { "content-type": type }),
  };
}

function carriesPhantom(authorization: string | undefined, phantom: Secret<string>): boolean {
  const [scheme = "", value = ""] = (authorization ?? "").split(" ");
  // `token` is how clients of GitHub say it
  if (/^(?:bearer|token)$/i.test(scheme)) return same(value, phantom.reveal());
  if (!/^basic$/i.test(scheme)) return false;
  const pair = Buffer.from(value, "base64").toString("utf8");
  return same(pair.slice(pair.indexOf(":") + 1), phantom.reveal());
}

function same(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

async function readBody(request: IncomingMessage, maxBody: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBody) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function say(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify({ error: "remit_endpoint", message }));
}

function hostOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the endpoint has no port");
  return `127.0.0.1:${address.port}`;
}
