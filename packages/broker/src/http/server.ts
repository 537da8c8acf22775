import { once } from "node:events";
import { chmodSync, rmSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { callerOf } from "../admin/caller.ts";
import type { AdminRun } from "../admin/run.ts";
import type { Broker } from "../broker.ts";
import { send, sendRefusal } from "./answer.ts";
import { serveOauth, sessionOf } from "./oauth.ts";
import { readRequest } from "./read-request.ts";

export interface Listening {
  close(): Promise<void>;
}

const TIMEOUTS = {
  requestTimeout: 15_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16_384,
};

/** A bare server that answers once there is a broker; so the address is known before the broker is made. */
export interface PublicServer {
  readonly server: Server;
  readonly port: number;
}

/** Listens before anything is served, to learn the port. */
export async function listen(options: {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}): Promise<PublicServer> {
  const server =
    options.tls === undefined
      ? createHttp(TIMEOUTS)
      : createHttps({ ...TIMEOUTS, ...options.tls, minVersion: "TLSv1.2" });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return { server, port: address.port };
}

/** Serves the issuer's endpoints, the admin API and the health of a broker. */
export function serve(broker: Broker, { server }: PublicServer, parts: Parts, fault: (error: unknown) => void): void {
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    void answer(broker, request, response, parts).catch((error: unknown) => {
      fault(error);
      if (!response.headersSent) send(response, 503, { error: "temporarily_unavailable" }, { "retry-after": "1" });
    });
  });
}

interface Parts {
  readonly admin: AdminListener;
  readonly allowedHosts: readonly string[];
}

async function answer(
  broker: Broker,
  request: IncomingMessage,
  response: ServerResponse,
  { admin, allowedHosts }: Parts,
): Promise<void> {
  // a page in somebody's browser must not reach this server under a name of its own (DNS rebinding)
  if (!allowedHosts.includes(request.headers.host ?? "") || request.headers.origin !== undefined)
    return send(response, 403, { error: "host_refused" });
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (path === "/healthz") return send(response, 200, { ok: true });
  if (path === "/readyz") return send(response, 200, { ok: true, feed: broker.store.read.position() });
  if (path === "/openapi.json" || path.startsWith("/admin/")) return admin.withSession(request, response);
  if (!(await serveOauth(broker, request, response))) send(response, 404, { error: "not_found" });
}

/** The admin API, as a session may use it and as the owner of the socket may. */
export interface AdminListener {
  withSession(request: IncomingMessage, response: ServerResponse): Promise<void>;
  asOwner(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** The admin API's libraries are larger than the rest of the broker, and only people call it: the first call loads them. */
export function adminListener(broker: Broker, fault: (error: unknown) => void): AdminListener {
  let loaded: Promise<AdminRun> | undefined;
  const run: AdminRun = async (...asked) => {
    loaded ??= import("../admin/run.ts").then(({ createAdminRun }) => createAdminRun(broker, fault));
    return (await loaded)(...asked);
  };
  return {
    async withSession(request, response) {
      const read = await readRequest(request);
      const decision = broker.newDecision();
      const headers = { "dpop-nonce": broker.nonces.current() };
      if (!read.ok) return sendRefusal(response, read.error, decision, `${broker.base}/docs/refusals`, headers);
      const path = (request.url ?? "").split("?")[0] ?? "";
      const session = sessionOf({ broker, read: read.value, path });
      if (!session.ok) return sendRefusal(response, session.error, decision, `${broker.base}/docs/refusals`, headers);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      return run(request, response, callerOf(broker, session.value.row), read.value.body);
    },
    async asOwner(request, response) {
      const read = await readRequest(request);
      if (!read.ok) return send(response, 400, { error: "invalid_request" });
      return run(request, response, { kind: "socket" }, read.value.body);
    },
  };
}

/** Serves the admin API on a socket that only this user can open. */
export async function serveSocket(
  admin: AdminListener,
  file: string,
  fault: (error: unknown) => void,
): Promise<Listening> {
  rmSync(file, { force: true });
  const server = createHttp(TIMEOUTS, (request, response) => void admin.asOwner(request, response).catch(fault));
  const before = process.umask(0o177);
  server.listen(file);
  await once(server, "listening");
  process.umask(before);
  chmodSync(file, 0o600);
  return { close: async () => closeServer(server) };
}

/** Closes a server and its idle connections. */
export async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
