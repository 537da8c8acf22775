import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { HOSTILITIES, type Hostility, misbehave } from "@remit/testkit";
import { answerApi } from "./api.ts";
import { openTickets } from "./store.ts";
import type { DeskAnswer } from "./values.ts";

// A ticket desk: somebody else's program, with its own database and its own API key. It knows nothing of Remit.

const { values } = parseArgs({
  options: { data: { type: "string" }, port: { type: "string", default: "0" } },
});
const data = resolve(values.data ?? ".");
mkdirSync(data, { recursive: true, mode: 0o700 });

function keyFile(name: string): string {
  const file = join(data, name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

const apiKey = keyFile("api-key");
const controlKey = keyFile("control-key");
const bytesLog = join(data, "received.log");
const store = openTickets(join(data, "desk.db"));

/** Answers for its misbehaviour to spoil. */
const SAMPLE = {
  answer: (summary: string) => ({ id: "10442", key: "PROJ-42", fields: { summary } }),
  other: { id: "10443", key: "PROJ-43", fields: { summary: "Rotate the payment keys" } },
};

interface Received {
  readonly n: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const received: Received[] = [];
let hostile: { kind: Hostility; left: number } | undefined;
/** Requests that are answered only when the drill says so. */
let held: { left: number; readonly told: Promise<void>; readonly release: () => void } | undefined;

const server = createServer((request, response) => void serve(request, response));
server.on("connection", (socket) => socket.on("data", (chunk: Buffer) => appendFileSync(bytesLog, chunk)));
server.listen(Number(values.port), "127.0.0.1");
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the desk has no port");
const desk = `http://127.0.0.1:${address.port}`;
process.stdout.write(`${JSON.stringify({ desk, data, pid: process.pid })}\n`);
process.on("SIGTERM", () => process.exit(0));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", desk);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString("utf8");
  if (url.pathname.startsWith("/__desk/")) return control(request, response, url.pathname, body);
  received.push({
    n: received.length + 1,
    method: request.method ?? "",
    url: request.url ?? "",
    headers: request.rawHeaders,
    body,
  });
  if (!authorized(request.headers.authorization))
    return send(response, 401, {
      errorMessages: ["Client must be authenticated to access this resource."],
    });
  if (held !== undefined && held.left > 0) {
    held.left -= 1;
    await held.told;
  }
  if (hostile !== undefined && hostile.left > 0) {
    hostile.left -= 1;
    return misbehave(hostile.kind, response, { ...SAMPLE, secret: apiKey, elsewhere: `${desk}/stolen` });
  }
  const answer = answerApi(store, {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    body: parsed(body),
    base: desk,
  });
  if (answer.bytes !== undefined) return sendFile(response, answer.bytes);
  if (answer.location !== undefined) return void response.writeHead(answer.status, { location: answer.location }).end();
  return send(response, answer.status, answer.body);
}

function authorized(authorization: string | undefined): boolean {
  const [scheme = "", value = ""] = (authorization ?? "").split(" ");
  if (scheme === "Bearer") return value === apiKey;
  return scheme === "Basic" && Buffer.from(value, "base64").toString("utf8").endsWith(`:${apiKey}`);
}

function parsed(body: string): unknown {
  try {
    return body === "" ? undefined : JSON.parse(body);
  } catch {
    // as lenient as the programs it stands for
    return undefined;
  }
}

/** What only the drill may ask: what was received, to move a ticket, to wait, to misbehave. */
function control(request: IncomingMessage, response: ServerResponse, path: string, body: string): void {
  if (request.headers.authorization !== `Bearer ${controlKey}`) return send(response, 401, {});
  const asked = { id: "", key: "", kind: "", times: 1, ...(parsed(body) as object | undefined) };
  if (path === "/__desk/requests") return send(response, 200, { count: received.length, requests: received });
  if (path === "/__desk/move") return (store.move(asked.id, asked.key), send(response, 200, {}));
  if (path === "/__desk/hold") {
    const { promise: told, resolve: release } = Promise.withResolvers<void>();
    return ((held = { left: asked.times, told, release }), send(response, 200, {}));
  }
  if (path === "/__desk/release") return (held?.release(), send(response, 200, {}));
  const kind = HOSTILITIES.find((one) => one === asked.kind);
  if (path === "/__desk/hostile" && kind !== undefined)
    return ((hostile = { kind, left: asked.times }), send(response, 200, {}));
  return send(response, 404, {});
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, body === undefined ? {} : { "content-type": "application/json;charset=UTF-8" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function sendFile(response: ServerResponse, file: NonNullable<DeskAnswer["bytes"]>): void {
  response.writeHead(200, {
    "content-type": file.type,
    "content-disposition": `attachment; filename="${file.name}"`,
    "content-length": file.data.length,
  });
  response.end(file.data);
}
