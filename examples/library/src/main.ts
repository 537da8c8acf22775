import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { answerLibrary } from "./api.ts";
import { openShelves } from "./shelves.ts";

// A lending library's API. It knows nothing of Remit, and there is no connector for it: docs/connectors.md makes one.

const { values } = parseArgs({ options: { data: { type: "string" }, port: { type: "string", default: "0" } } });
const data = resolve(values.data ?? "library");
mkdirSync(data, { recursive: true, mode: 0o700 });
const apiKey = randomBytes(24).toString("base64url");
writeFileSync(join(data, "api-key"), apiKey, { mode: 0o600 });
const shelves = openShelves();

const server = createServer((request, response) => void serve(request, response));
server.listen(Number(values.port), "127.0.0.1");
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the library has no port");
const library = `http://127.0.0.1:${address.port}`;
process.stdout.write(`${JSON.stringify({ library, key: join(data, "api-key"), pid: process.pid })}\n`);
process.on("SIGTERM", () => process.exit(0));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  if (request.headers.authorization !== `Bearer ${apiKey}`)
    return send(response, { status: 401, body: { error: "who?" } });
  const url = new URL(request.url ?? "/", library);
  const [, version, ...path] = url.pathname.split("/").map(decodeURIComponent);
  if (version !== "v1") return send(response, { status: 404, body: { error: "not found" } });
  const body = parsed(Buffer.concat(chunks).toString("utf8"));
  if (body === undefined) return send(response, { status: 400, body: { error: "the body is no JSON object" } });
  const { method = "", headers } = request;
  return send(
    response,
    answerLibrary(shelves, { method, path, query: url.searchParams, ifMatch: headers["if-match"], body }),
  );
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    // what is no JSON is told so by the caller
    return undefined;
  }
}

function send(
  response: ServerResponse,
  answer: { readonly status: number; readonly body?: unknown; readonly etag?: string },
): void {
  const { status, body, etag } = answer;
  response.writeHead(status, {
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(etag === undefined ? {} : { etag }),
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
