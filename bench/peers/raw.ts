import { hash, generateKeyPairSync, sign, verify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { createDurableFile, createDurableRows } from "./durable.ts";
import { said } from "./said.ts";
import type { Work } from "./work.ts";

// A bare server that does the raw operations of one call of ours, and nothing else: `raw.ts WORK`, where WORK is JSON.

const work = JSON.parse(process.argv[2] ?? "{}") as Work;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const data = Buffer.alloc(600, "x");
const options = { dsaEncoding: "ieee-p1363" } as const;
const signature = sign("sha256", data, { key: privateKey, ...options });
const text = JSON.stringify(
  Object.fromEntries(Array.from({ length: 20 }, (_none, at) => [`field${at}`, "a value of forty characters or more"])),
);
const ANSWER = JSON.stringify({ access_token: "x".repeat(800), token_type: "DPoP", expires_in: 120 });
const rows = work.rows === undefined ? undefined : createDurableRows(work.rows);
const file = work.durable === true ? createDurableFile() : undefined;
const pool = work.upstream === undefined ? undefined : new Pool(work.upstream, { connections: 32, pipelining: 1 });

const times = (count: number | undefined, run: () => unknown): void => {
  for (let at = 0; at < (count ?? 0); at++) run();
};

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => resolve(Buffer.concat(chunks)));
  request.once("error", reject);
  return promise;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "POST") new URLSearchParams((await bodyOf(request)).toString());
  times(work.verify, () => verify("sha256", data, { key: publicKey, ...options }, signature));
  times(work.hash, () => hash("sha256", text, "base64url"));
  times(work.json, () => JSON.stringify(JSON.parse(text)));
  const [status, body] = pool === undefined ? [200, Buffer.from(ANSWER)] : await sentOn(pool, request);
  await rows?.();
  await file?.();
  times(work.sign, () => sign("sha256", data, { key: privateKey, ...options }));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length }).end(body);
}

async function sentOn(to: Pool, request: IncomingMessage): Promise<readonly [number, Buffer]> {
  const { authorization = "" } = request.headers;
  const { statusCode, body } = await to.request({
    method: "GET",
    path: request.url ?? "/",
    headers: { authorization },
  });
  return [statusCode, Buffer.from(await body.arrayBuffer())];
}

/** What an answer of a point costs: a message over mutual TLS, read and acknowledged. */
async function message(request: IncomingMessage, response: ServerResponse): Promise<void> {
  JSON.parse((await bodyOf(request)).toString());
  response.writeHead(200, { "content-type": "application/json", "content-length": 2 }).end("{}");
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, "127.0.0.1", () => {
  if (work.tls === undefined) return void said(server);
  const points = createHttps({ ...work.tls, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: false });
  points.on("request", (request, response) => void message(request, response));
  points.listen(0, "127.0.0.1", () => {
    // a TCP listener's address is an object
    said(server, { tls: `https://127.0.0.1:${(points.address() as AddressInfo).port}` });
  });
});
