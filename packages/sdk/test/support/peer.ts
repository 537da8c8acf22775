import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { JsonObject } from "@remit/core";
import { hashOfBatch, pinOf, publicJwk, type RevocationItem } from "../../src/index.ts";
import { ISSUER, jws, p256 } from "./fixture.ts";
import { selfSigned } from "./certificate.ts";

/** A broker's points listener of the test's own making, which can be made to lie in every way that a network peer can. */
export interface Peer {
  readonly url: string;
  readonly pin: string;
  readonly rootKey: KeyObject;
  readonly feedKey: KeyObject;
  /** What the listener's state is; tests change it. */
  readonly state: {
    epoch: number;
    n: number;
    head: string;
    items: RevocationItem[];
    succession: string;
    /** Makes the answer to a challenge; the honest one unless replaced. */
    fresh: (nonce: string) => string | Promise<string>;
    snapshot: () => string;
    /** Answers anything else, by method and path. */
    answers: Record<
      string,
      { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
    >;
  };
  /** What was asked, in order, with the body and the caller's key. */
  readonly asked: {
    readonly path: string;
    readonly body: JsonObject;
    readonly x: string | undefined;
  }[];
  /** Writes a line to every open feed. */
  push(line: JsonObject): void;
  /** Signs and pushes the next batch, honest unless changed. */
  revoke(items: readonly Omit<RevocationItem, "n">[], over?: JsonObject, key?: KeyObject): string;
  honestFresh(nonce: string, over?: JsonObject, key?: KeyObject): string;
  succession(over?: JsonObject, key?: KeyObject): string;
  /** Ends every open feed. */
  drop(): void;
  /** Resolves when something like this was asked. */
  heard(path: string, times?: number): Promise<void>;
  readonly feeds: () => number;
  close(): Promise<void>;
}

const certificateDer = (pem: string): string => new X509Certificate(pem).raw.toString("base64");

/** Opens a listener on loopback with keys of its own. */
export async function openPeer(): Promise<Peer> {
  const tlsKey = p256();
  const certificate = selfSigned(tlsKey, "points");
  const rootKey = generateKeyPairSync("ed25519").privateKey;
  const logKey = generateKeyPairSync("ed25519").privateKey;
  const feedKey = p256();
  const root = publicJwk(rootKey);
  const open = new Set<ServerResponse>();
  const asked: Peer["asked"] = [];
  const waiting = new Set<() => void>();
  const state: Peer["state"] = {
    ...{ epoch: 1, n: 0, head: "", items: [], succession: "" },
    fresh: (nonce) => peer.honestFresh(nonce),
    snapshot: () => {
      const { epoch, n, head, items } = state;
      const payload = { epoch, n, head, items: items.map((item) => ({ ...item })), at: Date.now() };
      return jws({ typ: "remit-snapshot+jwt", alg: "ES256", kid: "feed" }, payload, feedKey);
    },
    answers: {},
  };
  const server = createServer(
    {
      key: tlsKey.export({ format: "pem", type: "pkcs8" }),
      cert: certificate,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    },
    (request, response) => void handle(request, response),
  );
  const say = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://peer");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    // the listener is TLS only
    const shown = (request.socket as TLSSocket).getPeerX509Certificate();
    const x = shown?.publicKey.export({ format: "jwk" }).x;
    asked.push({ path: pathname, body: text === "" ? {} : JSON.parse(text), x });
    for (const check of waiting) check();
    const canned = state.answers[`${request.method} ${pathname}`];
    if (canned !== undefined) {
      response.writeHead(canned.status, { "content-type": "application/json", ...canned.headers });
      response.end(canned.body);
      return;
    }
    if (pathname === "/points/trust") return say(response, 200, { succession: state.succession });
    if (pathname === "/points/feed/snapshot") return say(response, 200, { snapshot: state.snapshot() });
    if (pathname === "/points/challenge")
      return say(response, 200, { fresh: await state.fresh(String(asked.at(-1)?.body["nonce"])) });
    if (pathname === "/points/seen") return say(response, 200, {});
    if (pathname !== "/points/feed") return say(response, 404, { error: "not_found" });
    if (Number(searchParams.get("epoch")) !== state.epoch)
      return say(response, 409, { epoch: state.epoch, n: state.n });
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write(`${JSON.stringify({ ping: 1 })}\n`);
    open.add(response);
    response.on("close", () => open.delete(response));
  };
  const peer: Peer = {
    ...{ url: "", pin: "", rootKey, feedKey, state, asked },
    feeds: () => open.size,
    push(line) {
      for (const response of open) response.write(`${JSON.stringify(line)}\n`);
    },
    revoke(items, over = {}, key = feedKey) {
      const from = state.n + 1;
      const numbered = items.map((item, at) => ({ n: from + at, ...item }));
      const to = from + items.length - 1;
      const payload = {
        epoch: state.epoch,
        from,
        to,
        prev: state.head,
        items: numbered,
        at: Date.now(),
        ...over,
      };
      const batch = jws({ typ: "remit-feed+jwt", alg: "ES256", kid: "feed" }, payload, key);
      peer.push({ batch });
      if (Object.keys(over).length === 0 && key === feedKey) {
        state.n = to;
        state.head = hashOfBatch(batch);
        state.items.push(...numbered);
      }
      return batch;
    },
    honestFresh(nonce, over = {}, key = feedKey) {
      const log = { size: 1, root: "AAAA" };
      const payload = { epoch: state.epoch, n: state.n, nonce, at: Date.now(), log, ...over };
      return jws({ typ: "remit-fresh+jwt", alg: "ES256", kid: "feed" }, payload, key);
    },
    succession(over = {}, key = rootKey) {
      const payload = {
        iss: ISSUER,
        iat: 1_700_000_000,
        root: { ...root },
        feed: { kid: "feed", jwk: { ...publicJwk(feedKey) } },
        log: { name: "log", key: publicJwk(logKey).x },
        points_cert: certificateDer(certificate),
        ...over,
      };
      return jws({ typ: "remit-succession+jwt", alg: "EdDSA" }, payload, key);
    },
    drop() {
      for (const response of open) response.destroy();
    },
    async heard(path, times = 1) {
      const before = asked.length;
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = (): void => {
        if (asked.slice(before).filter((one) => one.path === path).length >= times) resolve();
      };
      waiting.add(check);
      await promise;
      waiting.delete(check);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  state.succession = peer.succession();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // a TCP listener's address is an object
  const { port } = server.address() as AddressInfo;
  const raw = Buffer.from(root.x, "base64url");
  return Object.assign(peer, { url: `https://127.0.0.1:${port}`, pin: pinOf(raw) });
}
