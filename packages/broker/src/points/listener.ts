import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { isJsonObject, type JsonObject, readJson, REFUSALS, type Refusal, verifyCheckpoint } from "@remit/core";
import type { Feed } from "../feed/feed.ts";
import type { SigningKey } from "../keys/keyring.ts";
import { verifyEd25519 } from "../keys/verify.ts";
import { sha256 } from "../store/frontier.ts";
import type { PointRow, Store } from "../store/store.ts";
import { type Channels, readHello } from "./channels.ts";

export interface PointsOptions {
  readonly store: Store;
  readonly feed: Feed;
  readonly channels: Channels;
  readonly certificatePem: string;
  readonly key: SigningKey;
  readonly issuer: string;
  readonly succession: string;
  readonly jwks: () => JsonObject;
  readonly bounds: {
    readonly read_ms: number;
    readonly write_ms: number;
    readonly reveal_ms: number;
  };
  readonly introspect: (token: string, point: PointRow) => JsonObject;
  readonly now: () => number;
  readonly host: string;
  readonly port: number;
}

export interface PointsListener {
  readonly port: number;
  close(): Promise<void>;
}

interface Asked {
  readonly point: PointRow;
  readonly body: JsonObject;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type Route = {
  readonly right: string | undefined;
  readonly run: (asked: Asked, options: PointsOptions) => Promise<unknown> | unknown;
};

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
    const url = new URL(request.url ?? "/", "https://points");
    if (request.method === "GET" && url.pathname === "/points/trust")
      return send(response, 200, { succession: options.succession });
    const point = pointOf(request, options.store);
    if (point === undefined) return send(response, 401, { error: "not_enrolled" });
    const route = ROUTES[`${request.method ?? ""} ${url.pathname}`];
    if (route === undefined) return send(response, 404, { error: "not_found" });
    if (route.right !== undefined && !point.may.includes(route.right))
      return send(response, 403, { error: "not_permitted" });
    const body = request.method === "POST" ? await readBody(request) : {};
    if (body === undefined) return send(response, 400, { error: "invalid_request" });
    const answer = await route.run({ point, body, query: url.searchParams, request, response }, options);
    if (answer !== STREAMING) send(response, 200, answer);
  } catch (error) {
    if (error instanceof Answer) return send(response, error.status, error.body);
    if (!response.headersSent) send(response, 500, { error: "server_error" });
    else response.destroy(error instanceof Error ? error : undefined);
  }
}

const STREAMING = Symbol("streaming");

class Answer extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    super(`answer ${status}`);
    this.status = status;
    this.body = body;
  }
}

const refused = (refusal: Refusal): Answer => new Answer(REFUSALS[refusal.code].status, { error: refusal.code });
const malformed = (): Answer => new Answer(400, { error: "invalid_request" });

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
  return key === "." ? undefined : store.read.points().find((point) => coordinatesOf(point.key) === key);
}

function coordinatesOf(text: string): string {
  const key = readJson(text);
  return key.ok && isJsonObject(key.value) ? `${String(key.value["x"])}.${String(key.value["y"])}` : "";
}

async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(bytes);
  }
  const json = readJson(Buffer.concat(chunks), {
    bytes: MAX_BODY,
    depth: 12,
    nodes: 100_000,
    keys: 256,
    string: 65_536,
  });
  return json.ok && isJsonObject(json.value) ? json.value : undefined;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

const texts = (body: JsonObject, ...names: readonly string[]): readonly string[] =>
  names.map((name) => {
    const value = body[name];
    if (typeof value !== "string") throw malformed();
    return value;
  });

const count = (value: unknown): number => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed();
  return value;
};

const ROUTES: Readonly<Record<string, Route>> = {
  "POST /points/hello": { right: undefined, run: hello },
  "GET /points/keys": { right: undefined, run: (_asked, { jwks }) => jwks() },
  "GET /points/feed": { right: "feed", run: stream },
  "GET /points/feed/snapshot": {
    right: "feed",
    run: (_asked, { feed }) => ({ snapshot: feed.snapshot() }),
  },
  "POST /points/challenge": { right: "feed", run: challenge },
  "POST /points/seen": { right: "feed", run: seen },
  "POST /points/resolved": { right: "resolve", run: resolved },
  "POST /points/spend": { right: "spend", run: spend },
  "POST /points/return": { right: "spend", run: giveBack },
  "POST /points/ship": { right: "ship", run: ship },
  "POST /points/introspect": {
    right: "introspect",
    run: ({ body, point }, { introspect }) => introspect(texts(body, "token").join(""), point),
  },
};

async function hello({ point, body }: Asked, options: PointsOptions): Promise<unknown> {
  const said = readHello(body);
  if (said === undefined) throw malformed();
  if (!options.channels.knows(point, said)) {
    const taken = await options.store.pointHello(point.point, said);
    if (!taken.ok) throw refused(taken.error);
    options.channels.hello(point, said);
  }
  return {
    point: point.point,
    issuer: options.issuer,
    now: options.now(),
    jwks: options.jwks(),
    ...options.store.read.position(),
    bounds: options.bounds,
  };
}

const PING_MS = 10_000;

function stream({ point, query, response }: Asked, { feed, channels, store }: PointsOptions): typeof STREAMING {
  const epoch = Number(query.get("epoch"));
  const after = Number(query.get("after"));
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(after) || after < 0) throw malformed();
  const { epoch: current, n } = store.read.position();
  if (epoch !== current || after > n) throw new Answer(409, { epoch: current, n });
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  const write = (line: string): void => void response.write(`${line}\n`);
  const unfollow = feed.follow(epoch, after, (jws) => write(JSON.stringify({ batch: jws })));
  const close = channels.open(point, write);
  const ping = setInterval(() => write(JSON.stringify({ ping: Date.now() })), PING_MS);
  write(JSON.stringify({ ping: Date.now() }));
  response.on("close", () => {
    clearInterval(ping);
    unfollow?.();
    close();
    feed.forget(point.point);
  });
  return STREAMING;
}

function challenge({ point, body }: Asked, { feed }: PointsOptions): unknown {
  const [nonce = ""] = texts(body, "nonce");
  if (nonce.length < 16 || nonce.length > 64) throw malformed();
  const { applied } = body;
  if (isJsonObject(applied)) feed.seen(point.point, count(applied["epoch"]), count(applied["n"]));
  return { fresh: feed.fresh(nonce) };
}

function seen({ point, body }: Asked, { feed }: PointsOptions): unknown {
  feed.seen(point.point, count(body["epoch"]), count(body["n"]));
  return {};
}

function resolved({ point, body }: Asked, { channels }: PointsOptions): unknown {
  const [answer = ""] = texts(body, "answer");
  if (!channels.answer(point, answer)) throw new Answer(409, { error: "not_asked" });
  return {};
}

async function spend({ point, body }: Asked, { store }: PointsOptions): Promise<unknown> {
  const [grant = "", jti = ""] = texts(body, "grant", "jti");
  const wanted = count(body["count"]);
  const row = store.read.grant(grant);
  // a point spends only what is for a resource that it serves
  if (row === undefined || wanted < 1 || wanted > 64) throw malformed();
  const reserved = await store.reserveUses({ grant, jti, count: wanted, point: point.point });
  if (!reserved.ok) throw refused(reserved.error);
  return reserved.value;
}

async function giveBack({ point, body }: Asked, { store }: PointsOptions): Promise<unknown> {
  const [reservation = ""] = texts(body, "reservation");
  const returned = await store.returnUses({
    reservation,
    unused: count(body["unused"]),
    point: point.point,
  });
  if (!returned.ok) throw refused(returned.error);
  return {};
}

async function ship({ point, body }: Asked, { store }: PointsOptions): Promise<unknown> {
  const [checkpoint = ""] = texts(body, "checkpoint");
  const { lines } = body;
  const row = store.read.points().find((one) => one.point === point.point);
  if (!Array.isArray(lines) || row?.logKey === undefined) throw malformed();
  const key = { name: `remit-point/${point.name}`, key: Buffer.from(row.logKey, "base64url") };
  const note = verifyCheckpoint(checkpoint, key, verifyEd25519, sha256);
  if (!note.ok) throw new Answer(400, { error: `checkpoint_${note.error}` });
  const { size, root } = note.value;
  const taken = await store.ship({
    point: point.point,
    from: count(body["from"]),
    lines: lines.map(String),
    checkpoint,
    size,
    root,
  });
  if (!taken.ok) throw refused(taken.error);
  if (!taken.value.taken) throw new Answer(409, { size: taken.value.size });
  return { size: taken.value.size };
}
