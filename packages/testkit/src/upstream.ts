import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { JsonObject } from "@remit/core";
import { createGate, type Hold } from "./gate.ts";
import { type Hostility, misbehave } from "./hostility.ts";
import { answerTicket, ticket } from "./one-ticket.ts";
import { portOf } from "./port.ts";

/** One request as it reached the upstream. */
export interface Received {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly body?: JsonObject;
}

/** An API behind a gateway that does as the test says, and keeps every byte that it was sent. */
export interface HostileUpstream extends AsyncDisposable {
  readonly origin: string;
  /** What reached it, in order. */
  readonly requests: readonly Received[];
  /** Every byte on every connection, in the order of their arrival. */
  bytes(): Buffer;
  /** Misbehaves at the next requests. */
  misbehave(kind: Hostility, times?: number): void;
  /** Keeps answers back from now on; slow until told. */
  hold(matches?: (request: Received) => boolean): Hold<Received>;
}

export interface UpstreamOptions {
  /** How it answers while it behaves; by default as a Jira with the one ticket PROJ-42. */
  readonly answer?: (request: Received) => UpstreamAnswer;
  /** Hears each request the moment it is complete, before anything is answered. */
  readonly onRequest?: (request: Received) => void;
  /** Good answers for its misbehaviour to spoil; by default of the one ticket. */
  readonly sample?: { answer(text: string): JsonObject; readonly other: JsonObject };
}

const SAMPLE = {
  answer: (summary: string) => ticket("10442", "PROJ-42", { summary }),
  other: ticket("10443", "PROJ-43", { summary: "another one" }),
};

/** Starts an upstream on loopback. */
export async function hostileUpstream(options: UpstreamOptions = {}): Promise<HostileUpstream> {
  const requests: Received[] = [];
  const chunks: Buffer[] = [];
  const gate = createGate<Received>();
  const mood: { kind: Hostility | undefined; left: number } = { kind: undefined, left: 0 };
  const server = createServer((request, response) => void serve(request, response));
  server.on("connection", (socket) => socket.on("data", (chunk: Buffer) => void chunks.push(chunk)));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await read(request);
    requests.push(received);
    options.onRequest?.(received);
    const { kind } = mood;
    const isHostile = kind !== undefined && mood.left > 0;
    if (isHostile) mood.left -= 1;
    await gate.pass(received);
    if (!isHostile) return send(response, (options.answer ?? answerTicket)(received));
    const secret = credentialIn(request.headers.authorization);
    misbehave(kind, response, { ...(options.sample ?? SAMPLE), secret, elsewhere: `${origin}/elsewhere` });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${portOf(server)}`;
  return {
    ...{ origin, requests },
    bytes: () => Buffer.concat(chunks),
    misbehave: (kind, times = 1) => void Object.assign(mood, { kind, left: times }),
    hold: (matches) => gate.hold(matches),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function read(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  const { method = "", url: target = "", rawHeaders } = request;
  return { method, target, rawHeaders, body: Buffer.concat(parts).toString("utf8") };
}

function send(response: ServerResponse, { status, body }: UpstreamAnswer): void {
  response.writeHead(status, body === undefined ? {} : { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function credentialIn(authorization: string | undefined): string {
  const [scheme = "", value = ""] = (authorization ?? "").split(" ");
  if (!/^basic$/i.test(scheme)) return value;
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}
