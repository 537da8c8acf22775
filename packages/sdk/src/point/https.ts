import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { ChannelError } from "./words.ts";

/** One answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The TLS side of the channel. */
export interface ChannelTls {
  /** PEM of this point's key and self-signed certificate. */
  readonly key: string;
  readonly cert: string;
  /** PEM of the only certificate that is accepted; undefined only while the succession is fetched, which carries its own proof. */
  readonly server: string | undefined;
}

/** Keep-alive connections to one listener. Sessions are not resumed, so every connection shows the certificate. */
export function makeHttpsAgent(tls: ChannelTls): Agent {
  const pinned =
    tls.server === undefined
      ? { rejectUnauthorized: false }
      : // the certificate itself is the only trust anchor, so its name says nothing more
        { ca: tls.server, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return new Agent({
    keepAlive: true,
    maxSockets: 32,
    maxCachedSessions: 0,
    minVersion: "TLSv1.3",
    key: tls.key,
    cert: tls.cert,
    ...pinned,
  });
}

export interface Exchange {
  readonly agent: Agent;
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly json?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request and returns its head; the body is not read. Redirects are answers like any other. */
export function send(exchange: Exchange): Promise<IncomingMessage> {
  const { agent, url, method, json, signal } = exchange;
  const headers =
    json === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(json) };
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent,
      method,
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
    sent.once("response", resolve);
    sent.once("error", (cause) =>
      reject(
        new ChannelError("unreachable", "the broker's points listener cannot be reached", {
          cause,
        }),
      ),
    );
    sent.end(json);
  });
}

/** Reads a body up to a limit. */
export async function readAll(response: IncomingMessage, maxBytes: number): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      // an IncomingMessage without an encoding gives buffers
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > maxBytes) throw new ChannelError("too_large", "the broker's answer is too large");
      chunks.push(bytes);
    }
  } catch (cause) {
    response.destroy();
    if (cause instanceof ChannelError) throw cause;
    throw new ChannelError("unreachable", "the broker's answer broke off", { cause });
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}

/** The lines of a body as they come. A line past the limit, or a last one without its end, ends in an error or is dropped. */
export async function* readLines(response: IncomingMessage, maxLine: number): AsyncGenerator<string, void, undefined> {
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of response) {
      // an IncomingMessage without an encoding gives buffers
      rest = Buffer.concat([rest, chunk as Buffer]);
      let end = rest.indexOf(0x0a);
      while (end !== -1) {
        const line = rest.subarray(0, end).toString("utf8");
        rest = rest.subarray(end + 1);
        if (line !== "") yield line;
        end = rest.indexOf(0x0a);
      }
      if (rest.length > maxLine) throw new ChannelError("too_large", "a line of the feed is too long");
    }
  } catch (cause) {
    if (cause instanceof ChannelError) throw cause;
    throw new ChannelError("unreachable", "the feed broke off", { cause });
  } finally {
    response.destroy();
  }
}
