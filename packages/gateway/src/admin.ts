import { once } from "node:events";
import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readJson } from "@remit/core";
import type { Connectors } from "./connectors.ts";
import type { Log } from "./log/log.ts";
import { type Connection, readNewConnection } from "./vault/connection.ts";
import type { Vault } from "./vault/vault.ts";

export interface AdminOptions {
  readonly socket: string;
  readonly vault: Vault;
  readonly log: Log;
  readonly connectors: Connectors;
  readonly newDecision: () => string;
  /** Refusals of callers that nobody knows, by code. */
  readonly counted: () => Readonly<Record<string, number>>;
  /** Called after every change, before it is answered. */
  readonly changed: () => Promise<void>;
  /** Why a resource's credential cannot be had now; undefined: it can. */
  readonly tried: (resource: string) => Promise<string | undefined>;
}

/** Serves the one door through which connections are made and changed, and counters are read: a socket that only this user can open. */
export async function serveAdmin(options: AdminOptions): Promise<{ close(): Promise<void> }> {
  rmSync(options.socket, { force: true });
  const server = createServer((request, response) => {
    void answer(request, response, options).catch((error: unknown) =>
      send(response, 500, { error: error instanceof Error ? error.message : "fault" }),
    );
  });
  const before = process.umask(0o177);
  server.listen(options.socket);
  await once(server, "listening");
  process.umask(before);
  chmodSync(options.socket, 0o600);
  return {
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const MAX_BODY = 65_536;

async function answer(request: IncomingMessage, response: ServerResponse, options: AdminOptions): Promise<void> {
  const { method = "", url = "" } = request;
  if (method === "GET" && url === "/connections")
    return send(response, 200, { connections: options.vault.connections() });
  if (method === "GET" && url === "/counters") return send(response, 200, { refused_unknown: options.counted() });
  if (method === "POST" && url === "/connections") return keep(await readBody(request), response, options);
  const removed = /^\/connections\/(cnx_[0-9A-Z]{26})$/.exec(url)?.[1];
  if (method === "DELETE" && removed !== undefined) return remove(removed, response, options);
  return send(response, 404, { error: "there is no such admin call" });
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size <= MAX_BODY) chunks.push(bytes);
  }
  return size > MAX_BODY ? new Uint8Array(0) : Buffer.concat(chunks);
}

async function keep(
  body: Uint8Array,
  response: ServerResponse,
  { vault, log, connectors, newDecision, changed, tried }: AdminOptions,
): Promise<void> {
  const json = readJson(body);
  const asked = json.ok ? readNewConnection(json.value) : "the body is not JSON";
  if (typeof asked === "string") return send(response, 400, { error: asked });
  const connector = connectors.get(asked.connector);
  if (connector === undefined)
    return send(response, 400, {
      error: `\`${asked.connector}\` is not a connector of this gateway; it has ${[...connectors.keys()].join(", ")}`,
    });
  if (!connector.inject.includes(asked.inject.form))
    return send(response, 400, {
      error: `connector \`${connector.name}\` takes its credential as ${connector.inject.join(" or ")}`,
    });
  const connection = vault.keep(asked);
  await record(log, "connection.keep", connection, newDecision());
  await changed();
  // the connection is kept either way: a token endpoint that is away now may be there when it is needed
  const missing = await tried(connection.resource);
  return send(response, 201, {
    connection: connection.id,
    resource: connection.resource,
    origin: connection.origin,
    account: connection.account,
    ...(missing === undefined ? {} : { missing }),
  });
}

async function remove(
  id: string,
  response: ServerResponse,
  { vault, log, newDecision, changed }: AdminOptions,
): Promise<void> {
  const connection = vault.connections().find((one) => one.id === id);
  if (connection === undefined || !vault.remove(id))
    return send(response, 404, { error: "there is no such connection" });
  await record(log, "connection.remove", connection, newDecision());
  await changed();
  return send(response, 200, { connection: id });
}

async function record(
  log: Log,
  kind: "connection.keep" | "connection.remove",
  connection: Connection,
  decision: string,
): Promise<void> {
  const { id, resource, connector, origin, inject, account } = connection;
  await log.append({
    kind,
    decision,
    ids: [id],
    body: { resource, connector, origin, form: inject.form, account, by: "unprotected_owner" },
  });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
