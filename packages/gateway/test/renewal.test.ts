import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { Secret } from "@remit/core";
import { InjectionFault } from "../src/inject/injection-fault.ts";
import { createRenewal, type Obtained } from "../src/inject/renewal.ts";
import { readTokenAnswer } from "../src/inject/token-answer.ts";
import { openTokenEndpoint } from "../src/inject/token-endpoint.ts";
import type { Credential } from "../src/inject/credential.ts";

interface Bench {
  readonly renewal: Pick<Credential, "current" | "instead">;
  /** The clock, in seconds. */
  now: number;
  lifeMs: number | undefined;
  fails: Error | undefined;
  asked: number;
  readonly faults: unknown[];
}

/** A renewal on a clock of the test's own; tokens are numbered. */
function bench(): Bench {
  const state = { now: 0, lifeMs: 3_600_000 as number | undefined, fails: undefined as Error | undefined, asked: 0 };
  const faults: unknown[] = [];
  const obtain = async (): Promise<Obtained> => {
    state.asked += 1;
    if (state.fails !== undefined) throw state.fails;
    return { accessToken: new Secret(`token-${state.asked}`), lifeMs: state.lifeMs };
  };
  const fault = (error: unknown): void => void faults.push(error);
  return Object.assign(state, {
    renewal: createRenewal({ obtain, monotonicMs: () => state.now * 1_000, fault }),
    faults,
  });
}

const sent = async (own: Bench): Promise<string> => {
  const header = await own.renewal.current();
  return header.reveal()[1].replace("Bearer ", "");
};

const refusal = async (own: Bench): Promise<string> =>
  Promise.resolve(own.renewal.current()).then(
    () => "none",
    (error: unknown) => (error instanceof InjectionFault ? error.message : assert.fail(String(error))),
  );

test("[injection.one-at-a-time] a hundred calls that need a token make one request, also when it fails", async () => {
  const own = bench();
  const all = await Promise.all(Array.from({ length: 100 }, async () => sent(own)));
  assert.deepEqual([new Set(all), own.asked], [new Set(["token-1"]), 1]);
  const header = await own.renewal.current();
  const others = await Promise.all(Array.from({ length: 100 }, async () => own.renewal.instead(header)));
  assert.deepEqual([new Set(others.map((one) => one?.reveal()[1])), own.asked], [new Set(["Bearer token-2"]), 2]);
  assert.equal((await own.renewal.instead(header))?.reveal()[1], "Bearer token-2", "who comes late gets the new one");
  assert.equal(own.asked, 2);
  const failing = bench();
  failing.fails = new InjectionFault("away");
  const told = await Promise.all(Array.from({ length: 100 }, async () => refusal(failing)));
  assert.deepEqual([new Set(told), failing.asked, failing.faults.length], [new Set(["away"]), 1, 1]);
});

test("[injection.ahead-of-expiry] a token is renewed ahead of its end while it is still sent, and not sent after it", async () => {
  const own = bench();
  assert.equal(await sent(own), "token-1");
  own.now = 3_299;
  assert.deepEqual([await sent(own), own.asked], ["token-1", 1]);
  own.now = 3_300;
  assert.equal(await sent(own), "token-1", "nobody waits for the next one");
  assert.deepEqual([await sent(own), own.asked], ["token-2", 2]);
  own.now = 3_300 + 3_595;
  own.fails = new Error("anything");
  assert.equal(await refusal(own), "no token could be obtained");
  own.now += 60;
  own.fails = undefined;
  assert.equal(await sent(own), "token-4");
});

test("[injection.ahead-of-expiry] a renewal that fails ahead of time changes nothing until the token is over", async () => {
  const own = bench();
  await sent(own);
  own.fails = new InjectionFault("away");
  own.now = 3_400;
  assert.equal(await sent(own), "token-1");
  assert.equal(await sent(own), "token-1");
  assert.equal(own.asked, 2);
  own.now = 3_594;
  assert.equal(await sent(own), "token-1");
  own.now = 3_596;
  assert.match(await refusal(own), /^away/);
});

test("[injection.rate] however short tokens live and whatever fails, a token endpoint is asked a few times and then seldom", async () => {
  const short = bench();
  short.lifeMs = 0;
  for (let n = 0; n < 1_000; n++) await sent(short);
  assert.equal(short.asked, 3);
  short.now = 600;
  for (let n = 0; n < 1_000; n++) await sent(short);
  assert.equal(short.asked, 6);

  const failing = bench();
  failing.fails = new InjectionFault("away");
  for (; failing.now < 3_600; failing.now += 1) await refusal(failing);
  assert.ok(failing.asked <= 8 + 3_600 / 300, `${failing.asked} in an hour`);
  assert.equal(await refusal(failing), "away; it is not asked again yet");
  failing.fails = undefined;
  failing.now += 300;
  assert.match(await sent(failing), /^token-/);

  const told = bench();
  told.fails = new InjectionFault("busy", 120_000);
  for (; told.now < 120; told.now += 1) await refusal(told);
  assert.equal(told.asked, 1, "it is not asked before the time that it said");
});

/** A listener that writes down what it gets, and does what the test says. */
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

async function ask(t: TestContext, url: string, loopbackOnly: boolean): Promise<string> {
  const endpoint = openTokenEndpoint({ url, loopbackOnly, timeoutMs: 400 });
  t.after(async () => endpoint.close());
  const form = new Secret({ grant_type: "refresh_token", refresh_token: "refresh-canary" });
  return endpoint.ask(form, undefined, readTokenAnswer).then(
    () => "granted",
    (error: unknown) => (error instanceof InjectionFault ? error.message : assert.fail(String(error))),
  );
}

test("[injection.endpoint-guarded] a token endpoint at an address that the upstream may not have gets no byte", async (t) => {
  const { port, got } = await listener(t, (socket) => socket.end("HTTP/1.1 204 x\r\n\r\n"));
  for (const host of ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost."])
    assert.equal(await ask(t, `http://${host}:${port}/token`, false), "the token endpoint gave no usable answer", host);
  for (const host of ["169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "93.184.216.34"])
    assert.equal(await ask(t, `http://${host}/token`, true), "the token endpoint gave no usable answer", host);
  assert.deepEqual(got, []);
  assert.equal(await ask(t, `http://localhost:${port}/token`, true), "the token endpoint refused (204)");
});

test(
  "[injection.endpoint-bounded] a token endpoint that hangs, trickles or never ends is given up in time",
  { timeout: 10_000 },
  async (t) => {
    const head = "HTTP/1.1 200 x\r\ncontent-type: application/json\r\n";
    const acts: readonly ((socket: Socket) => void)[] = [
      () => undefined,
      (socket) => socket.write(head),
      (socket) => socket.write(`${head}content-length: 90000\r\n\r\n{`),
      (socket) => {
        socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
        const timer = setInterval(() => socket.write("1\r\n \r\n"), 20);
        socket.on("close", () => clearInterval(timer));
      },
      (socket) => socket.end(`${head}content-length: 90\r\n\r\n{"access_token":"cut-`),
      (socket) => socket.end(`${head}set-cookie: a=b\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello`),
    ];
    const begun = performance.now();
    const told = await Promise.all(
      acts.map(async (act) => {
        const { port } = await listener(t, act);
        return ask(t, `http://localhost:${port}/token`, true);
      }),
    );
    assert.deepEqual(new Set(told), new Set(["the token endpoint gave no usable answer"]));
    assert.ok(performance.now() - begun < 5_000);
  },
);
