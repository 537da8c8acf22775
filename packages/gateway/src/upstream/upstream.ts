import { Pool } from "undici";
import type { Secret } from "@remit/core";
import type { Gate } from "../in-flight.ts";
import { UpstreamFault } from "./fault.ts";
import { gated } from "./gated.ts";
import { guardedConnector } from "./guarded-connector.ts";
import { abandon, readBounded } from "./read-bounded.ts";

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
