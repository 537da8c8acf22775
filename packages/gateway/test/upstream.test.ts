import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttps } from "node:https";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { Secret } from "@remit/core";
import { p256 } from "../../sdk/test/support/fixture.ts";
import { selfSigned } from "../../sdk/test/support/certificate.ts";
import { UpstreamFault } from "../src/upstream/fault.ts";
import { openUpstream, type UpstreamAnswer } from "../src/upstream/upstream.ts";

const credential = new Secret(["authorization", "Bearer canary"] as const);

/** A listener that writes down every byte it gets, and does with a connection what the test says. */
async function listener(
  t: TestContext,
  act: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly got: string[] }> {
  const got: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      got.push(bytes.toString("latin1"));
      act(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // a TCP listener's address is an object
  return { port: (server.address() as AddressInfo).port, got };
}

async function ask(
  t: TestContext,
  origin: string,
  options: { readonly loopbackOnly?: boolean; readonly timeoutMs?: number; readonly maxBytes?: number } = {},
): Promise<UpstreamAnswer | UpstreamFault> {
  const upstream = openUpstream({
    origin,
    loopbackOnly: options.loopbackOnly ?? true,
    timeoutMs: options.timeoutMs ?? 2_000,
  });
  t.after(async () => upstream.close());
  const request = { method: "GET", target: "/x", body: undefined, credential };
  return upstream.send(request, options.maxBytes ?? 1_000, null).catch((error: unknown) => {
    if (error instanceof UpstreamFault) return error;
    throw error;
  });
}

const faultOf = (answer: UpstreamAnswer | UpstreamFault): readonly [message: string, sent: boolean] => {
  assert.ok(answer instanceof UpstreamFault, "it is a fault");
  return [answer.message, answer.sent];
};

test("[upstream.guarded-address] no spelling of an inner address is connected, by name or by number, and no byte is sent", async (t) => {
  const { port, got } = await listener(t, (socket) => socket.end("HTTP/1.1 204 x\r\n\r\n"));
  const hosts = [
    ...["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"],
    ...["[::ffff:7f00:1]", "0.0.0.0", "[::]", "LOCALHOST", "localhost.", "127.0.0.2"],
  ];
  for (const host of hosts) {
    const answer = await ask(t, `http://${host}:${port}`, { loopbackOnly: false });
    assert.deepEqual(faultOf(answer), ["no answer", false], host);
  }
  assert.deepEqual(got, []);
  const allowed = await ask(t, `http://localhost:${port}`);
  assert.ok(!(allowed instanceof UpstreamFault) && allowed.status === 204);
});

test("[upstream.loopback-only] a connection for this machine goes nowhere else", async (t) => {
  for (const host of ["169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "93.184.216.34"])
    assert.deepEqual(faultOf(await ask(t, `http://${host}`)), ["no answer", false], host);
});

test("[upstream.certificate] a certificate that nobody vouches for gets no credential, whatever the environment says", async (t) => {
  const key = p256();
  const got: string[] = [];
  const server = createHttps({ key: key.export({ format: "pem", type: "pkcs8" }), cert: selfSigned(key, "localhost") });
  server.on("request", (request, response) => {
    got.push(request.url ?? "");
    response.end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // a TLS listener's address is an object
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  t.after(() => {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  });
  assert.deepEqual(faultOf(await ask(t, origin)), ["no answer", false]);
  assert.deepEqual(got, []);
});

test("[upstream.bounded] an answer that is too large, too slow, cut off or no HTTP ends the exchange, once", async (t) => {
  const head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n";
  const rows: readonly (readonly [message: string, act: (socket: Socket) => void])[] = [
    ["the answer is larger than the operation allows", (socket) => socket.end(`${head}\r\n${"x".repeat(2_000)}`)],
    [
      "the answer is larger than the operation allows",
      (socket) => socket.write(`${head}transfer-encoding: chunked\r\n\r\n7d0\r\n${"x".repeat(2_000)}\r\n`),
    ],
    ["no answer", (socket) => socket.destroy()],
    ["no answer", (socket) => socket.end("SSH-2.0-OpenSSH\r\n")],
    ["no answer", (socket) => socket.end(`HTTP/1.1 200 x\r\nx: ${"x".repeat(40_000)}\r\n\r\n`)],
    ["no answer", (socket) => socket.end(`${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`)],
    ["no answer", (socket) => socket.end(`${head}content-length: 9\r\n\r\nhello`)],
    ["no answer", () => undefined],
    ["no answer", (socket) => socket.write("HTTP/1.1 200 x\r\n")],
    ["the answer takes too long", (socket) => drip(socket, `${head}content-length: 900\r\n\r\n`)],
  ];
  for (const [message, act] of rows) {
    const { port, got } = await listener(t, act);
    const answer = await ask(t, `http://127.0.0.1:${port}`, { timeoutMs: 400 });
    assert.deepEqual(faultOf(answer), [message, true], act.toString());
    assert.equal(got.length, 1, "it is not tried again");
  }
});

/** One byte after the other, each well within the time for one byte. */
function drip(socket: Socket, head: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write("x"), 50);
  socket.on("close", () => clearInterval(timer));
}

test("[upstream.waits-bounded] whoever waits too long for a connection is told so, and is not sent afterwards", async (t) => {
  const head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n";
  // every connection is taken for nearly twice the time: until the answer begins, and again until it is whole
  const { port, got } = await listener(t, (socket) => setTimeout(() => drip(socket, head), 350));
  const upstream = openUpstream({ origin: `http://127.0.0.1:${port}`, loopbackOnly: true, timeoutMs: 400 });
  t.after(async () => upstream.close());
  const request = { method: "GET", target: "/x", body: undefined, credential };
  const send = async (more: object = {}): Promise<UpstreamFault> =>
    upstream.send({ ...request, ...more }, 1_000, null).then(
      () => assert.fail("there is no whole answer"),
      (error: unknown) => (error instanceof UpstreamFault ? error : assert.fail(String(error))),
    );
  const taken = Array.from({ length: 32 }, async () => send());
  const { promise: stopped } = Promise.withResolvers<never>();
  const asked: string[] = [];
  const gate = { stopped, start: () => asked.push("started") > 0 };
  const waiting = [send({ target: "/late" }), send({ target: "/late", method: "PUT", body: "{}", gate })];
  assert.deepEqual((await Promise.all(waiting)).map(faultOf), [
    ["no connection was free in time", false],
    ["no connection was free in time", false],
  ]);
  for (const fault of await Promise.all(taken)) assert.deepEqual(faultOf(fault), ["the answer takes too long", true]);
  // connections are free now, and what was given up is not sent on them
  await send({ target: "/next" });
  assert.deepEqual(asked, []);
  assert.equal(got.filter((bytes) => bytes.includes("/late")).length, 0);
});

test("[upstream.not-sent] a connection that is refused is known not to have been sent", async (t) => {
  const { port } = await listener(t, () => undefined);
  const closed = createServer();
  closed.listen(0, "127.0.0.1");
  await once(closed, "listening");
  const free = (closed.address() as AddressInfo).port;
  closed.close();
  assert.notEqual(free, port);
  assert.deepEqual(faultOf(await ask(t, `http://127.0.0.1:${free}`)), ["no answer", false]);
});

test("[upstream.bytes] the bytes that go out are HTTP/1.1 with fixed headers and the credential, and ask for no encoding", async (t) => {
  const { port, got } = await listener(t, (socket) => socket.end("HTTP/1.1 204 x\r\n\r\n"));
  await ask(t, `http://127.0.0.1:${port}`);
  assert.deepEqual(got.join("").split("\r\n").filter(Boolean).toSorted(), [
    "GET /x HTTP/1.1",
    "accept-encoding: identity",
    "accept: application/json",
    "authorization: Bearer canary",
    "connection: keep-alive",
    `host: 127.0.0.1:${port}`,
    "user-agent: remit-gateway",
  ]);
});
