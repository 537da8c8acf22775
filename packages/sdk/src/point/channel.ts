import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Agent } from "node:https";
import { isJsonObject, JSON_LIMITS, readJson, signJws } from "@remit/core";
import { signerOf } from "../crypto.ts";
import type { Position } from "../liveness/freshness.ts";
import {
  goodText,
  MAX_LINE,
  readEpoch,
  readFeedLine,
  readReservation,
  readShipped,
  readTokenKeys,
  readWelcome,
} from "./answers.ts";
import { createLineStream } from "./answer-stream.ts";
import { type Answer, makeHttpsAgent, readAll, readLines, send } from "./https.ts";
import { readSuccession, type Succession } from "./succession.ts";
import { ChannelError, type FeedLine, type PointChannel } from "./words.ts";

export interface PointChannelOptions {
  /** The broker's mutual-TLS listener, e.g. `https://127.0.0.1:7422`. */
  readonly pointsUrl: string;
  readonly issuer: string;
  /** Fingerprint of the broker's root key. */
  readonly pin: string;
  /** This point's P-256 private key. */
  readonly key: KeyObject;
  /** PEM of the self-signed certificate made from that key. */
  readonly certificate: string;
  /** Longest wait for an ordinary answer, in milliseconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_SNAPSHOT = 64 * 1024 * 1024;

/** Opens the channel of one enforcement point. Nothing is sent before the succession was verified under the pin. */
export function createPointChannel(options: PointChannelOptions): PointChannel {
  const wire = createWire(options);
  const { sign, alg } = signerOf(options.key);
  return {
    trust: (signal) => wire.trust(signal),
    close: () => wire.close(),
    async hello(hello) {
      return readWelcome(goodText(await wire.post("/points/hello", { ...hello }), "hello"));
    },
    async keys() {
      const json = readJson(goodText(await wire.get("/points/keys"), "keys"));
      const keys = json.ok ? readTokenKeys(json.value) : undefined;
      if (keys === undefined) throw new ChannelError("malformed", "the broker's keys are not a JWKS");
      return keys;
    },
    async snapshot(signal) {
      const answer = await wire.get("/points/feed/snapshot", signal, MAX_SNAPSHOT);
      return compactIn(goodText(answer, "snapshot"), "snapshot", MAX_SNAPSHOT);
    },
    feed: (after, signal) => wire.feed(after, signal),
    async challenge(nonce, applied, signal) {
      const answer = await wire.post("/points/challenge", { nonce, applied: { ...applied } }, signal);
      return compactIn(goodText(answer, "a challenge"), "fresh", MAX_LINE);
    },
    async seen(applied, signal) {
      done(await wire.post("/points/seen", { ...applied }, signal), "seen");
    },
    async resolved(found) {
      return wire.tell(signJws({ typ: "remit-resolved+jwt", alg }, { ...found }, sign));
    },
    async spend(spend) {
      return readReservation(await wire.post("/points/spend", { ...spend }));
    },
    async return(reservation, unused) {
      done(await wire.post("/points/return", { reservation, unused }), "return");
    },
    async ship(batch) {
      return readShipped(await wire.post("/points/ship", { ...batch }));
    },
    async introspect(token) {
      const json = readJson(goodText(await wire.post("/points/introspect", { token }), "introspect"));
      if (json.ok && isJsonObject(json.value)) return json.value;
      throw new ChannelError("malformed", "the broker's introspection is not an object");
    },
  };
}

/** A good answer that says nothing. */
function done(answer: Answer, what: string): void {
  goodText(answer, what);
}

/** The compact JWS that an answer carries in one member. */
function compactIn(text: string, member: string, maxBytes: number): string {
  const json = readJson(text, { ...JSON_LIMITS, bytes: maxBytes, string: maxBytes });
  const compact = json.ok && isJsonObject(json.value) ? json.value[member] : undefined;
  if (typeof compact === "string") return compact;
  throw new ChannelError("malformed", `the broker's answer has no \`${member}\``);
}

interface Wire {
  trust(signal?: AbortSignal): Promise<Succession>;
  get(path: string, signal?: AbortSignal, maxBytes?: number): Promise<Answer>;
  post(path: string, json: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<Answer>;
  feed(after: Position, signal: AbortSignal): AsyncIterable<FeedLine>;
  /** Sends one line up the stream of answers. */
  tell(line: string): Promise<void>;
  close(): void;
}

function createWire(options: PointChannelOptions): Wire {
  const trusted = createTrusted(options);
  const answers = createLineStream(new URL("/points/answers", options.pointsUrl), async () => trusted.agent());
  const ask = async (
    request: { readonly method: "GET" | "POST"; readonly path: string; readonly json?: string },
    signal: AbortSignal | undefined,
    maxBytes: number,
  ): Promise<Answer> => {
    const agent = await trusted.agent();
    const url = new URL(request.path, options.pointsUrl);
    return readAll(await send({ ...request, agent, url, signal: within(options, signal) }), maxBytes);
  };
  return {
    trust: (signal) => trusted.refresh(signal),
    get: (path, signal, maxBytes = MAX_LINE) => ask({ method: "GET", path }, signal, maxBytes),
    post: (path, json, signal) => ask({ method: "POST", path, json: JSON.stringify(json) }, signal, MAX_LINE),
    async *feed(after, signal) {
      const url = new URL("/points/feed", options.pointsUrl);
      url.searchParams.set("epoch", String(after.epoch));
      url.searchParams.set("after", String(after.n));
      const response = await send({ agent: await trusted.agent(), url, method: "GET", signal });
      if (response.statusCode === 409) {
        yield readEpoch((await readAll(response, MAX_LINE)).text);
        return;
      }
      if (response.statusCode !== 200) goodText(await readAll(response, MAX_LINE), "the feed");
      for await (const line of readLines(response, MAX_LINE)) yield readFeedLine(line);
    },
    tell: async (line) => answers.send(line),
    close() {
      answers.close();
      trusted.close();
    },
  };
}

function within(options: PointChannelOptions, signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}

interface Trusted {
  /** Connections to the certificate that the believed succession names; fetches it first if there is none. */
  agent(): Promise<Agent>;
  refresh(signal?: AbortSignal): Promise<Succession>;
  close(): void;
}

function createTrusted(options: PointChannelOptions): Trusted {
  const tls = { key: pemOf(options.key), cert: options.certificate };
  let held: { readonly succession: Succession; readonly agent: Agent } | undefined;
  let first: Promise<Succession> | undefined;
  const refresh = async (signal?: AbortSignal): Promise<Succession> => {
    const succession = await fetchSuccession(options, tls, within(options, signal));
    if (held !== undefined && succession.issuedAt < held.succession.issuedAt)
      throw new ChannelError("untrusted", "the succession is older than the one already believed");
    if (held !== undefined && sameServer(held.succession, succession)) {
      held = { succession, agent: held.agent };
    } else {
      held?.agent.destroy();
      held = { succession, agent: makeHttpsAgent({ ...tls, server: certificatePem(succession) }) };
    }
    return succession;
  };
  return {
    refresh,
    async agent() {
      if (held === undefined) await (first ??= refresh().finally(() => (first = undefined)));
      if (held === undefined) throw new ChannelError("untrusted", "no succession is believed yet");
      return held.agent;
    },
    close: () => held?.agent.destroy(),
  };
}

/** Fetched over a connection that proves nothing: the succession is its own proof, and names the certificate to expect. */
async function fetchSuccession(
  options: PointChannelOptions,
  tls: { readonly key: string; readonly cert: string },
  signal: AbortSignal,
): Promise<Succession> {
  const agent = makeHttpsAgent({ ...tls, server: undefined });
  try {
    const url = new URL("/points/trust", options.pointsUrl);
    const answer = await readAll(await send({ agent, url, method: "GET", signal }), MAX_LINE);
    const compact = compactIn(goodText(answer, "trust"), "succession", MAX_LINE);
    const read = readSuccession(compact, options);
    if (read.ok) return read.value;
    throw new ChannelError("untrusted", `the broker's succession is refused: ${read.error}`);
  } finally {
    agent.destroy();
  }
}

const sameServer = (one: Succession, other: Succession): boolean =>
  Buffer.from(one.pointsCertificate).equals(other.pointsCertificate);

const certificatePem = (succession: Succession): string => new X509Certificate(succession.pointsCertificate).toString();

/** PEM of a private key, which is what a TLS socket takes. */
function pemOf(key: KeyObject): string {
  if (createPrivateKey(key.export({ format: "pem", type: "pkcs8" })).asymmetricKeyType !== "ec")
    throw new RangeError("a point's key is a P-256 key");
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}
