import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import {
  asDetails,
  callableTypes,
  err,
  type Json,
  type JsonLimits,
  ok,
  readHead,
  readJsonBody,
  refuse,
  type Refusal,
  REFUSALS,
  type Result,
} from "@remit/core";
import { wwwAuthenticate } from "@remit/sdk";
import { call } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import type { Answered } from "./upstream-answer.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

const TIMEOUTS = {
  requestTimeout: 15_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16_384,
  insecureHTTPParser: false,
};

/** Listens, to learn the port; nothing is served before `serve`. */
export async function listen({
  host,
  port,
  tls,
}: ListenOptions): Promise<{ readonly server: Server; readonly port: number }> {
  const server = tls === undefined ? createHttp(TIMEOUTS) : createHttps({ ...TIMEOUTS, ...tls, minVersion: "TLSv1.2" });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return { server, port: address.port };
}

/** Serves resources, their metadata, and the gateway's health. */
export function serve(
  gateway: Gateway,
  server: Server,
  allowedHosts: readonly string[],
  fault: (error: unknown) => void,
): void {
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answer(gateway, request, response, allowedHosts).catch((error: unknown) => {
      fault(error);
      if (response.headersSent) response.destroy();
      else send(response, 500, { error: "server_error" });
    });
  });
  const noUpgrade = (_request: unknown, socket: { destroy(): void }): void => socket.destroy();
  server.on("upgrade", noUpgrade);
  server.on("connect", noUpgrade);
}

async function answer(
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  allowedHosts: readonly string[],
): Promise<void> {
  const decision = gateway.newDecision();
  const head = readHead({
    method: request.method ?? "",
    url: request.url ?? "",
    rawHeaders: request.rawHeaders,
  });
  const refuseHead = (detail: string): void => {
    gateway.refusals.count("head_refused");
    return sendRefusal(gateway, response, refuse("head_refused", detail), decision, "");
  };
  if (!head.ok) return refuseHead(head.error);
  const { path, segments, headers } = head.value;
  if (!allowedHosts.includes(headers.get("host") ?? "") || headers.has("origin")) return refuseHead("host or origin");
  if (path === "/healthz") return send(response, 200, { ok: true });
  if (path === "/readyz")
    return send(response, gateway.liveness.isFresh() ? 200 : 503, {
      ok: gateway.liveness.isFresh(),
    });
  if (path.startsWith(METADATA)) return sendMetadata(gateway, response, segments);
  const [prefix, name, ...rest] = segments;
  const served = prefix === "r" && name !== undefined ? gateway.served(name) : undefined;
  if (served === undefined || name === undefined) return send(response, 404, { error: "not_found" });
  const cut = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) cut.abort();
  });
  const done = await call(gateway, served, {
    head: head.value,
    segments: rest,
    readBody: async (limits) => readBody(request, headers, limits),
    decision,
    signal: cut.signal,
    cut: () => cut.abort(),
  });
  if (done.ok) return release(response, done.value, nonceOf(gateway));
  const { refusal, call: caller } = done.error;
  if (caller === undefined) gateway.refusals.count(refusal.code);
  else {
    const { claims } = caller;
    const ids = [claims.task, ...claims.grants, claims.jti, claims.sub, claims.act.sub, gateway.point()];
    gateway.refusals.note({ ids, grant: claims.grants[0] ?? "", refusal, decision });
  }
  return sendRefusal(gateway, response, refusal, decision, name);
}

const METADATA = "/.well-known/oauth-protected-resource/r/";

/** Protected resource metadata (RFC 9728 2). */
function sendMetadata(gateway: Gateway, response: ServerResponse, segments: readonly string[]): void {
  const name = segments[3];
  const served = name === undefined || segments.length !== 4 ? undefined : gateway.served(name);
  if (served === undefined) return send(response, 404, { error: "not_found" });
  const types = callableTypes(served.connector).map((type) => `${served.connection.resource}.${type}`);
  return send(response, 200, {
    resource: served.location,
    resource_name: served.connector.title,
    authorization_details_types_supported: types,
    dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
    dpop_bound_access_tokens_required: true,
  });
}

async function readBody(
  request: IncomingMessage,
  headers: ReadonlyMap<string, string>,
  limits: JsonLimits,
): Promise<Result<Json | undefined, Refusal>> {
  const maxBytes = limits.bytes;
  const bad = (detail: string): Result<never, Refusal> => err(refuse("body_refused", detail));
  const tooLarge = "larger than the operation takes";
  // the parser gives no body to a message that announces none (RFC 9112 6.3)
  if (!headers.has("transfer-encoding") && (headers.get("content-length") ?? "0") === "0") return ok(undefined);
  if (Number(headers.get("content-length") ?? "0") > maxBytes) return bad(tooLarge);
  const chunks: Buffer[] = [];
  let size = 0;
  // the connection stays, because the refusal goes back on it
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) break;
    chunks.push(bytes);
  }
  if (size > maxBytes) {
    // the rest is thrown away as it comes, or the next request on this connection would wait behind it
    request.resume();
    return bad(tooLarge);
  }
  if (size === 0) return ok(undefined);
  return readJsonBody(headers, Buffer.concat(chunks), limits);
}

const nonceOf = (gateway: Gateway): Readonly<Record<string, string>> => ({
  "dpop-nonce": gateway.nonces.current(),
});

/** Sends what is released: JSON that was projected, or a file to be saved. */
function release(response: ServerResponse, answered: Answered, nonce: Readonly<Record<string, string>>): void {
  const headers = { ...nonce, ...answered.headers };
  const { file } = answered;
  if (file === undefined) return send(response, answered.status, answered.body, headers);
  response
    .writeHead(answered.status, {
      ...{ "cache-control": "no-store", "x-content-type-options": "nosniff", "content-disposition": "attachment" },
      ...{ ...headers, "content-type": file.type, "content-length": file.bytes.length },
    })
    .end(file.bytes);
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const fixed = { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers };
  if (body === undefined) {
    response.writeHead(status, fixed).end();
    return;
  }
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      ...fixed,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    })
    .end(text);
}

/** The one place where a refusal becomes an answer of a protected resource. */
function sendRefusal(
  gateway: Gateway,
  response: ServerResponse,
  refusal: Refusal,
  decision: string,
  resource: string,
): void {
  const row = REFUSALS[refusal.code];
  const challenge = resource === "" ? undefined : wwwAuthenticate(refusal, `${gateway.base}${METADATA}${resource}`);
  const headers = {
    ...nonceOf(gateway),
    ...(challenge === undefined ? {} : { "www-authenticate": challenge }),
    ...(row.status === 503 ? { "retry-after": "1" } : {}),
  };
  // before a token counts there is one code; what went wrong stays in this process
  const code = row.status === 401 ? row.error || "token_missing" : refusal.code;
  const { operation, alias, over, sufficient } = refusal;
  const connector = resource === "" ? undefined : gateway.served(resource)?.connector;
  send(
    response,
    row.status,
    {
      error: row.error || "token_required",
      code,
      error_description: row.text,
      decision,
      ...(row.status !== 403 || operation === undefined ? {} : { operation }),
      ...(row.status !== 403 || alias === undefined ? {} : { record: { alias } }),
      ...(over === undefined ? {} : { over }),
      ...(sufficient === undefined || connector === undefined
        ? {}
        : { sufficient: asDetails(sufficient, connector), may_ask: false }),
      retry: row.status === 503,
    },
    headers,
  );
}
