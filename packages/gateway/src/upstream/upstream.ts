import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector, Pool } from "undici";
import type { Secret } from "@remit/core";
import type { Gate } from "../in-flight.ts";
import { mayConnect } from "./address.ts";
import { gated } from "./gated.ts";

/** An upstream's answer, whole and bounded. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** The version of what was answered (RFC 9110 8.8.3), where the upstream names one. */
  readonly etag?: string;
  /** Every header that is said once, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Why an upstream gave no usable answer. `sent` says whether a byte may have reached it. */
export class UpstreamFault extends Error {
  readonly sent: boolean;
  /** Whether there was an answer, though none that can be used. */
  readonly answered: boolean;
  constructor(message: string, sent: boolean, answered: boolean) {
    super(message);
    this.sent = sent;
    this.answered = answered;
  }
}

export interface UpstreamOptions {
  /** Exactly one origin; the credential goes nowhere else. */
  readonly origin: string;
  readonly loopbackOnly: boolean;
  /** Headers of every request, as the connector declares them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** One upstream with its own pool: no redirects, no cookies, checked addresses. */
export interface Upstream {
  send(
    request: {
      readonly method: string;
      readonly target: string;
      readonly body: string | undefined;
      /** The version that the record must still have. */
      readonly ifMatch?: string;
      /** The form of answer that is asked for; absent: the connector's, or JSON. */
      readonly accept?: string;
      /** Keeps the request back until it would be written; absent: nothing does. */
      readonly gate?: Gate;
      readonly credential: Secret<readonly [name: string, value: string]>;
    },
    maxBytes: number,
    /** Cuts the exchange; null: it is waited for. */
    signal: AbortSignal | null,
  ): Promise<UpstreamAnswer>;
  close(): Promise<void>;
}

/** Opens the pool of one connection. */
export function openUpstream(options: UpstreamOptions): Upstream {
  const { timeoutMs } = options;
  const pool = new Pool(options.origin, {
    connect: guardedConnector(options.loopbackOnly),
    connections: 32,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 20_000,
  });
  return {
    async send(request, maxBytes, signal) {
      const headers = headersOf(options, request);
      const { gate } = request;
      let answered = false;
      const turn = awaitTurn(gate, timeoutMs);
      try {
        const asked = gated(pool, turn).request({
          method: request.method as "GET",
          path: request.target,
          headers,
          body: request.body ?? null,
          signal,
        });
        const answer = await Promise.race([asked, turn.missed, ...(gate === undefined ? [] : [gate.stopped])]);
        const { statusCode, headers: told, body } = answer;
        answered = true;
        const encoding = told["content-encoding"];
        if (encoding !== undefined && encoding !== "identity") {
          abandon(body);
          throw new UpstreamFault("the answer is encoded in a way that was not asked for", true, true);
        }
        const { etag } = told;
        return {
          ...(typeof etag === "string" ? { etag } : {}),
          status: statusCode,
          contentType: String(told["content-type"] ?? ""),
          headers: saidOnce(told),
          body: await readBounded(body, maxBytes, performance.now() + timeoutMs),
        };
      } catch (error) {
        if (error instanceof UpstreamFault) throw error;
        const sent = turn.begun() && !isConnectFault(error);
        const cut = signal?.aborted === true || (gate !== undefined && !turn.begun());
        throw new UpstreamFault(cut ? "cut" : "no answer", sent, answered);
      } finally {
        turn.over();
      }
    },
    close: async () => pool.destroy(),
  };
}

/** The headers of a request: the connector's, what this one needs, and last the credential. */
function headersOf(
  { headers }: UpstreamOptions,
  { accept, body, ifMatch, credential }: Parameters<Upstream["send"]>[0],
): Readonly<Record<string, string>> {
  const [name, value] = credential.reveal();
  return {
    ...{ accept: "application/json", "user-agent": "remit-gateway", ...headers },
    ...(accept === undefined ? {} : { accept }),
    "accept-encoding": "identity",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    [name]: value,
  };
}

const saidOnce = (told: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(told).filter((header): header is [string, string] => typeof header[1] === "string"),
  );

interface Turn extends Pick<Gate, "start"> {
  /** Rejects when no connection was free in time; the request is not sent afterwards either. */
  readonly missed: Promise<never>;
  /** Whether the request was let through, and so may have reached the upstream. */
  begun(): boolean;
  over(): void;
}

/** Waits for a connection of the pool, at most so long: who is kept out by slow exchanges is told so. */
function awaitTurn(gate: Gate | undefined, mostMs: number): Turn {
  const { promise: missed, reject } = Promise.withResolvers<never>();
  const state = { begun: false, missed: false };
  const timer = setTimeout(() => {
    state.missed = true;
    reject(new UpstreamFault("no connection was free in time", false, false));
  }, mostMs);
  return {
    missed,
    begun: () => state.begun,
    over: () => clearTimeout(timer),
    start() {
      clearTimeout(timer);
      return (state.begun = !state.missed && (gate?.start() ?? true));
    },
  };
}

interface Abandonable {
  on(event: "error", listener: (error: Error) => void): unknown;
  destroy(): unknown;
}

/** A body as it comes, in pieces. */
interface Body extends Abandonable {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
}

/** Stops reading an answer; what its stream says about that concerns nobody. */
function abandon(body: Abandonable): void {
  body.on("error", () => undefined);
  body.destroy();
}

/** Reads a body within its size and, as a whole, within its time: one byte every second is not an answer. */
async function readBounded(body: Body, maxBytes: number, until: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let size = 0;
  const give = (up: string): void => {
    reject(new UpstreamFault(up, true, true));
    abandon(body);
  };
  body.on("data", (chunk) => {
    size += chunk.length;
    if (size > maxBytes) give("the answer is larger than the operation allows");
    else if (performance.now() > until) give("the answer takes too long");
    else chunks.push(chunk);
  });
  let whole = false;
  body.on("end", () => {
    whole = true;
    const [only] = chunks;
    resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
  });
  body.on("error", reject);
  // an answer that was cut off ends without either
  body.on("close", () => {
    if (!whole) reject(new UpstreamFault("no answer", true, true));
  });
  return promise;
}

const NOT_SENT = [
  "UND_ERR_CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ERR_REMIT_ADDRESS",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

const isConnectFault = (error: unknown): boolean =>
  error instanceof Error && "code" in error && NOT_SENT.includes(String(error.code));

const refusedAddress = (): Error =>
  Object.assign(new Error("the address is not one that this connection may reach"), {
    code: "ERR_REMIT_ADDRESS",
  });

/** Checks the address three times: a literal before it is used, every resolved one, and the one that was connected. */
function guardedConnector(loopbackOnly: boolean): buildConnector.connector {
  const guardedLookup: LookupFunction = (hostname, { all }, callback) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [], 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayConnect(address, loopbackOnly)))
        return callback(refusedAddress(), [], 0);
      return all === true ? callback(null, addresses, 0) : callback(null, first.address, first.family);
    });
  };
  // said aloud: neither an environment variable nor another default decides about the certificate
  const connect = buildConnector({ timeout: 5_000, lookup: guardedLookup, rejectUnauthorized: true, allowH2: false });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0 && !mayConnect(host, loopbackOnly)) return callback(refusedAddress(), null);
    return connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      const remote = socket.remoteAddress;
      if (remote === undefined || !mayConnect(remote, loopbackOnly)) {
        socket.destroy();
        return callback(refusedAddress(), null);
      }
      return callback(null, socket);
    });
  };
}
