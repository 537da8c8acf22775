import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { isJsonObject, type JsonObject, readHead, readJson } from "@remit/core";
import { readBody } from "../http/read-body.ts";
import type { SigningKey } from "../keys/keyring.ts";
import { StoreFault } from "../store/sqlite.ts";
import type { PointRow, Store } from "../store/store.ts";
import { Answer, malformed, send } from "./answer.ts";
import { type PointsDesk, ROUTES, STREAMING } from "./routes.ts";

export interface PointsOptions extends PointsDesk {
  readonly certificatePem: string;
  readonly key: SigningKey;
  readonly succession: string;
  readonly host: string;
  readonly port: number;
  /** Hears of what went wrong in a request, for the operator. */
  readonly fault: (error: unknown) => void;
}

export interface PointsListener {
  readonly port: number;
  close(): Promise<void>;
}

const MAX_BODY = 4_194_304;

/** Opens the listener where enforcement points meet the broker: mutual TLS, and a right for each thing that they do. */
export async function openPointsListener(options: PointsOptions): Promise<PointsListener> {
  const server = createServer(
    {
      key: options.key.key.export({ format: "pem", type: "pkcs8" }),
      cert: options.certificatePem,
      requestCert: true,
      // a point's certificate is its own; what counts is that its key is enrolled, which is checked at each request
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      requestTimeout: 30_000,
      headersTimeout: 5_000,
      handshakeTimeout: 5_000,
    },
    (request, response) => void handle(request, response, options),
  );
  server.listen(options.port, options.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, options: PointsOptions): Promise<void> {
  try {
    const answer = await answerOf(request, response, options);
    if (answer !== STREAMING) send(response, 200, answer);
  } catch (error) {
    if (error instanceof Answer) return send(response, error.status, error.body);
    options.fault(error);
    if (response.headersSent) response.destroy();
    else if (error instanceof StoreFault) send(response, 503, { error: "temporarily_unavailable" });
    else send(response, 500, { error: "server_error" });
  }
}

async function answerOf(request: IncomingMessage, response: ServerResponse, options: PointsOptions): Promise<unknown> {
  const head = readHead({ method: request.method ?? "", url: request.url ?? "", rawHeaders: request.rawHeaders });
  if (!head.ok) throw malformed();
  const query = new Map(head.value.query.map((pair) => [pair.name, pair.value]));
  if (query.size !== head.value.query.length) throw malformed();
  const name = `${head.value.method} ${head.value.path}`;
  if (name === "GET /points/trust") return { succession: options.succession };
  const point = pointOf(request, options.store);
  if (point === undefined) throw new Answer(401, { error: "not_enrolled" });
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (route === undefined) throw new Answer(404, { error: "not_found" });
  if (route.right !== undefined && !point.may.includes(route.right)) throw new Answer(403, { error: "not_permitted" });
  const { members } = route;
  const body = request.method === "POST" && members !== "lines" ? await readObject(request, members) : {};
  return route.run({ point, body, query, request, response }, options);
}

/** The key of each connection's client certificate, read once a connection. */
const keys = new WeakMap<TLSSocket, string>();

function keyOf(socket: TLSSocket): string {
  const held = keys.get(socket);
  if (held !== undefined) return held;
  const certificate = socket.getPeerX509Certificate();
  const { x = "", y = "" } = certificate?.publicKey.export({ format: "jwk" }) ?? {};
  keys.set(socket, `${x}.${y}`);
  return `${x}.${y}`;
}

/** The enrolled point whose key made the client certificate of this connection; asked anew at each request. */
function pointOf(request: IncomingMessage, store: Store): PointRow | undefined {
  // the listener is TLS only, so its sockets are TLS sockets
  const key = keyOf(request.socket as TLSSocket);
  if (key === ".") return undefined;
  const point = store.read.points().find((one) => coordinatesOf(one.key) === key);
  return point?.live === true ? point : undefined;
}

/** Coordinates by the text of a key; as many as there are points. */
const coordinates = new Map<string, string>();

function coordinatesOf(text: string): string {
  const held = coordinates.get(text);
  if (held !== undefined) return held;
  const key = readJson(text);
  const read = key.ok && isJsonObject(key.value) ? `${String(key.value["x"])}.${String(key.value["y"])}` : "";
  coordinates.set(text, read);
  return read;
}

async function readObject(request: IncomingMessage, members: readonly string[]): Promise<JsonObject> {
  const body = await readBody(request, MAX_BODY);
  if (body === undefined) throw new Answer(413, { error: "too_large" });
  const json = readJson(body, { bytes: MAX_BODY, depth: 12, nodes: 100_000, keys: 256, string: 65_536 });
  if (!json.ok || !isJsonObject(json.value)) throw malformed();
  if (Object.keys(json.value).some((member) => !members.includes(member))) throw malformed();
  return json.value;
}
