import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { dpopProof, makeDpopKey } from "@remit/sdk";
import { selfSigned } from "../packages/sdk/test/support/certificate.ts";
import { at, exchangeForm } from "./support/ask.ts";
import { openIssuer } from "./support/issuer.ts";
import { newPointKey } from "./support/point.ts";
import { recordKinds, standing } from "./support/rows.ts";
import { testWorld, withBot } from "./world.ts";

/** Writes these bytes and reads until the other side closes or falls silent. */
async function exchangeBytes(socket: Socket, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  socket.setTimeout(2_000, () => socket.destroy());
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  // a reset is an answer too: what was said before it counts
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(text));
  socket.write(bytes, "latin1");
  return promise;
}

const statusesOf = (answers: string): readonly number[] =>
  [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status !== 100);

const statusOf = (answer: string): number => statusesOf(answer)[0] ?? 0;

interface Raw {
  readonly target?: string;
  readonly method?: string;
  readonly version?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Changes the head as it is about to be sent. */
  readonly head?: (text: string) => string;
}

/** Ways to send a good request so that it has another reading; `length` is that of the good body. */
function tricks(path: string, host: string, length: number): Readonly<Record<string, Raw>> {
  const line = (...headers: readonly string[]): Raw => ({ headers });
  const to = (target: string): Raw => ({ target });
  return {
    "an absolute target": to(`http://${host}${path}`),
    "an authority target": to(`//${host}${path}`),
    "another authority": to(`//evil.example${path}`),
    "a broken authority": to("//["),
    "a backslash": to(`\\\\evil.example${path}`),
    "a dot segment": to(`/x/..${path}`),
    "an encoded dot segment": to(`/x/%2e%2e${path}`),
    "a single dot": to(`/.${path}`),
    "an encoded letter": to(path.replace("token", "%74oken")),
    "other letters": to(path.replace("token", "Token")),
    "a slash at the end": to(`${path}/`),
    "a double slash": to(path.replace("/token", "//token")),
    "an encoded slash": to(path.replace("/token", "%2ftoken")),
    "a path parameter": to(`${path};x=1`),
    "an encoded null": to(`${path}%00`),
    "a suffix": to(`${path}.json`),
    "a space": to(`${path}%20`),
    "an overlong encoding": to(path.replace("/token", "%c0%aftoken")),
    "full-width letters": to(path.replace("token", "\xef\xbd\x94oken")),
    "a fragment": to(`${path}#x`),
    "parameters in the query": to(`${path}?grant_type=x`),
    "an empty query and more": to(`${path}??x=1`),
    "an asterisk": to("*"),
    "a very long target": to(`${path}?${"x".repeat(9_000)}`),
    "no host": { head: (text) => text.replace(/Host: [^\r]*\r\n/, "") },
    "another host": { head: (text) => text.replace(/Host: [^\r]*/, "Host: evil.example") },
    "two hosts": line(`Host: ${host}`),
    "a host and another": line("Host: evil.example"),
    "two proofs": line("DPoP: x"),
    "two content types": line("Content-Type: application/json"),
    "two authorizations": line("Authorization: DPoP x", "Authorization: DPoP y"),
    "a page's origin": line("Origin: https://evil.example"),
    "a method override": line("X-HTTP-Method-Override: GET"),
    "another method override": line("X-Method-Override: GET"),
    "a rewritten URL": line("X-Original-URL: /x"),
    "another rewritten URL": line("X-Rewrite-URL: /x"),
    "an expectation": line("Expect: 100-continue"),
    "an upgrade": line("Upgrade: websocket"),
    "a trailer": line("Trailer: x"),
    "a coding of transfer": line("TE: trailers"),
    "a proxy's credential": line("Proxy-Authorization: x"),
    "a folded header": line("X: y", " folded: z"),
    "a space before the colon": line("X : y"),
    "a control character": line("X: a\x01b"),
    "a bare line feed": line("X: a\nY: b"),
    "a bare carriage return": line("X: a\rY: b"),
    "headers without end": line(`X: ${"a".repeat(20_000)}`),
    "length and chunks": line("Transfer-Encoding: chunked"),
    "two lengths": line(`Content-Length: ${length}`),
    "two other lengths": line("Content-Length: 3"),
    "a length with a sign": { head: (text) => text.replace("Content-Length: ", "Content-Length: +") },
    "a list of lengths": { head: (text) => text.replace(/Content-Length: (\d+)/, "Content-Length: $1,$1") },
    "unknown chunks": { head: (text) => text.replace(/Content-Length: \d+/, "Transfer-Encoding: xchunked") },
    "chunks and more": { head: (text) => text.replace(/Content-Length: \d+/, "Transfer-Encoding: chunked, identity") },
    "chunks of a strange size": {
      head: (text) => text.replace(/Content-Length: \d+/, "Transfer-Encoding: chunked"),
      body: "-1\r\nx\r\n0\r\n\r\n",
    },
    "a small method": { method: "post" },
    "a tunnel": { method: "CONNECT" },
    "a trace": { method: "TRACE" },
    "another method": { method: "PUT" },
    "a head only": { method: "HEAD" },
    "a question about methods": { method: "OPTIONS" },
    "an unknown method": { method: "PROPFIND" },
    "a body on a read": { method: "GET" },
    "an old version": { version: "HTTP/1.0", head: (text) => text.replace(/Host: [^\r]*\r\n/, "") },
  };
}

const requestText = (
  raw: Raw,
  good: { method: string; target: string; headers: readonly string[]; body: string },
): string => {
  const body = raw.body ?? good.body;
  const first = `${raw.method ?? good.method} ${raw.target ?? good.target} ${raw.version ?? "HTTP/1.1"}`;
  const head = `${[first, ...good.headers, ...(raw.headers ?? [])].join("\r\n")}\r\n\r\n`;
  return (raw.head?.(head) ?? head) + body;
};

test("[broker.raw-requests] a request with two readings is refused at every listener of the broker, is no fault, and changes nothing", async () => {
  await using partner = await openIssuer();
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    partner.trustIn(config);
  });
  const url = at(world, "/token");
  const { host, port, pathname } = new URL(url);
  const key = makeDpopKey();
  const nonce = await nonceOf(url);
  const body = (): string => new URLSearchParams(exchangeForm(world, partner.idToken())).toString();
  const good = (): { method: string; target: string; headers: readonly string[]; body: string } => {
    const form = body();
    const proof = dpopProof({ key, method: "POST", url, nonce, now: Date.now() });
    const headers = [`Host: ${host}`, "Connection: close", `DPoP: ${proof}`, `Content-Length: ${form.length}`];
    return {
      method: "POST",
      target: pathname,
      headers: [...headers, "Content-Type: application/x-www-form-urlencoded"],
      body: form,
    };
  };
  const send = async (text: string): Promise<string> => exchangeBytes(connectTcp(Number(port), "127.0.0.1"), text);
  const [rows, records] = [standing(world), recordKinds(world).length];
  const all = Object.entries(tricks(pathname, host, body().length));
  const answers = await Promise.all(all.map(async ([, raw]) => send(requestText(raw, good()))));
  for (const [index, [what]] of all.entries()) {
    const status = statusOf(answers[index] ?? "");
    assert.ok(status === 0 || (status >= 400 && status < 500), `${what}: ${answers[index]?.slice(0, 300)}`);
  }
  assert.deepEqual(standing(world), rows);
  assert.deepEqual(recordKinds(world).slice(records), []);
  assert.equal(statusOf(await send(requestText({}, good()))), 200, "the form of these requests is taken");
  const large = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const next = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const both = await send(`${large}${chunk.repeat(20)}0\r\n\r\n${next}`);
  assert.deepEqual(statusesOf(both), [400, 200], "a body too large is refused, and the connection goes on");

  const points = new URL(world.remit.points);
  const pem = newPointKey();
  const tls = { key: pem.export({ format: "pem", type: "pkcs8" }), cert: selfSigned(pem, "nobody") };
  const toPoints = Object.entries(tricks("/points/token", points.host, 2));
  for (const [what, raw] of toPoints) {
    const socket = connectTls({ ...tls, host: "127.0.0.1", port: Number(points.port), rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const headers = [
      `Host: ${points.host}`,
      "Connection: close",
      "Content-Length: 2",
      "Content-Type: application/json",
    ];
    const text = requestText(raw, { method: "POST", target: "/points/token", headers, body: "{}" });
    const answer = await exchangeBytes(socket, text);
    const status = statusOf(answer);
    assert.ok(status === 0 || (status >= 400 && status < 500), `${what}: ${answer.slice(0, 300)}`);
  }
  assert.deepEqual(recordKinds(world).filter((kind) => kind === "point.enrol").length, 1);
});

async function nonceOf(url: string): Promise<string> {
  const response = await fetch(url, { method: "POST", body: "" });
  await response.arrayBuffer();
  return response.headers.get("dpop-nonce") ?? "";
}
