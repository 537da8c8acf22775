import { hash, randomBytes, randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import {
  createGenerations,
  createIdBytes,
  makeHandle,
  makeId,
  readJson,
  readPublicJwk,
  SeenSet,
  isJsonObject,
  canonicalJson,
} from "@remit/core";
import { createAsking } from "./asking.ts";
import type { Broker } from "./broker.ts";
import type { Config } from "./config/model.ts";
import { chooseConfig, refuseClockBehind } from "./choose-config.ts";
import { createFeed } from "./feed/feed.ts";
import { type Flags, isLoopback } from "./flags.ts";
import type { Say } from "./say.ts";
import { adminListener, closeServer, listen, type PublicServer, serve, serveSocket } from "./http/server.ts";
import { jwks } from "./http/oauth.ts";
import { createClientAuthenticator } from "./identity/client-auth.ts";
import { createIssuerKeys } from "./identity/issuer-keys.ts";
import { createNonces } from "./identity/nonces.ts";
import { ASSERTION_SECONDS, createProver, PROOF_SECONDS, REMEMBERED } from "./identity/proofs.ts";
import { introspect } from "./introspect.ts";
import { type Keyring, openKeyring } from "./keys/keyring.ts";
import { ensureSuccession, logName } from "./keys/root.ts";
import { readSealKey } from "./keys/seal.ts";
import { namesOf } from "./names.ts";
import { createChannels } from "./points/channels.ts";
import { openPointsListener } from "./points/listener.ts";
import { createRefusalNotes } from "./refusal-notes.ts";
import { lockFolder } from "./store/open.ts";
import type { Worker } from "node:worker_threads";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";
import { handleHash } from "./token.ts";

export type { Say } from "./say.ts";

export interface Started {
  readonly ready: {
    readonly broker: string;
    readonly issuer: string;
    readonly points: string;
    readonly pin: string;
    readonly pid: number;
  };
  stop(): Promise<void>;
}

const userFolder = (): string =>
  process.env["REMIT_HOME"] ?? join(process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "remit");

/** Starts a broker on a data folder: lock, keys, configuration, store, listeners, in this order. */
export async function startBroker(flags: Flags, say: Say, thread?: Worker): Promise<Started> {
  const now = (): number => Date.now();
  const data = resolve(flags.data);
  const lock = lockFolder(data);
  if (lock === undefined) throw new Error(`another broker is running on \`${data}\`; stop it first`);
  const sealFile = flags.sealKey ?? ensureSealKey(data);
  const sealKey = readSealKey(sealFile, data);
  const ring = openKeyring(data, sealKey, now());
  refuseClockBehind(data, now());
  const { config, apply } = await chooseConfig(flags, data, say);
  const server = await listen({ host: flags.host, port: flags.port, tls: tlsOf(flags) });
  const scheme = flags.tlsCert === undefined ? "http" : "https";
  const origin = flags.publicUrl ?? `${scheme}://${hostText(flags)}:${server.port}`;
  const issuer = ring.fixed("issuer", () => config.settings.issuer ?? `${origin}/i/${ring.install}`);
  const rootFile = join(dirname(resolve(sealFile)), `root-${ring.install}.sealed`);
  const succession = await ensureSuccession({ issuer, ring, rootFile, sealKey, now: new Date(now()) });
  const feedKeyPem = ring.feed.key.export({ format: "pem", type: "pkcs8" }).toString();
  const { lifetimes } = config.settings;
  const store = await openSqliteStore({
    ...{ data, lifetimes, feedKeyPem, feedKid: ring.feed.kid },
    ...(thread === undefined ? {} : { thread }),
  });
  if (apply !== undefined)
    await store.applyConfig({ digest: config.digest, files: config.files, names: namesOf(config), by: apply });
  const place = { points: "" };
  const broker = assembleBroker({
    pointsUrl: () => place.points,
    config,
    store,
    ring,
    issuer,
    origin,
    succession,
    now,
    say,
  });
  await enrolGiven(flags, broker);
  if (ring.firstStart) await offerOwnerBoot(broker, data);
  const fault = (error: unknown): void => say("error", "request failed", { fault: faultText(error) });
  const points = await openPoints(flags, broker, succession.certificatePem, fault);
  place.points = `https://${pointsHost(flags)}:${points.port}`;
  const socket = await openListeners(flags, broker, { data, origin, server }, fault);
  return {
    ready: { broker: origin, issuer, points: place.points, pin: succession.pin, pid: process.pid },
    stop: async () => stopAll(server, [socket, points], broker, lock),
  };
}

const faultText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const hostText = (flags: Flags): string => (flags.host === "::1" ? "[::1]" : flags.host);

/** Points on other machines reach the broker by its public name; those on this one by the address that it listens on. */
const pointsHost = (flags: Flags): string =>
  flags.publicUrl === undefined || isLoopback(flags.host) ? hostText(flags) : new URL(flags.publicUrl).hostname;

interface Place {
  readonly data: string;
  readonly origin: string;
  readonly server: PublicServer;
}

/** Begins to serve, on the public listener and on the admin socket. */
async function openListeners(
  flags: Flags,
  broker: Broker,
  { data, origin, server }: Place,
  fault: (error: unknown) => void,
): ReturnType<typeof serveSocket> {
  const admin = adminListener(broker, fault);
  const socket = await serveSocket(admin, join(data, "admin.sock"), fault);
  const local = flags.publicUrl === undefined ? [`localhost:${server.port}`, `127.0.0.1:${server.port}`] : [];
  serve(broker, server, { admin, allowedHosts: [new URL(origin).host, ...local] }, fault);
  return socket;
}

async function stopAll(
  server: PublicServer,
  listeners: readonly { close(): Promise<void> }[],
  broker: Broker,
  lock: { release(): void },
): Promise<void> {
  await Promise.all([closeServer(server.server), ...listeners.map(async (listener) => listener.close())]);
  await broker.notes.flush();
  await broker.store.close();
  lock.release();
}

function tlsOf(flags: Flags): { readonly cert: string; readonly key: string } | undefined {
  if (flags.tlsCert === undefined || flags.tlsKey === undefined) return undefined;
  return { cert: readFileSync(flags.tlsCert, "utf8"), key: readFileSync(flags.tlsKey, "utf8") };
}

function ensureSealKey(data: string): string {
  const file = join(userFolder(), `seal-${hash("sha256", data, "hex").slice(0, 16)}.key`);
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32), { mode: 0o600, flag: "wx" });
  }
  return file;
}

interface Parts {
  readonly config: Config;
  readonly store: Store;
  readonly ring: Keyring;
  readonly issuer: string;
  readonly origin: string;
  readonly succession: { readonly jws: string; readonly pin: string };
  readonly now: () => number;
  readonly say: Say;
  readonly pointsUrl: () => string;
}

const TOKEN_HEADERS = 64;

function assembleBroker({ config, store, ring, issuer, origin, succession, now, say, pointsUrl }: Parts): Broker {
  const nonces = createNonces(() => performance.now());
  const path = new URL(issuer).pathname.replace(/\/$/, "");
  const idBytes = createIdBytes(randomFillSync);
  const fault = (error: unknown): void => say("error", "a refusal could not be recorded", { fault: String(error) });
  return {
    ...{ config, store, ring, issuer, nonces, now, pointsUrl },
    startedMs: now(),
    ...{ origin, path, base: origin + path },
    feed: createFeed({
      store,
      feedKey: ring.feed,
      logKey: ring.log,
      logName: logName(issuer),
      now,
    }),
    channels: createChannels(),
    asking: createAsking(),
    keys: createIssuerKeys(now),
    clients: createClientAuthenticator({
      config,
      issuer,
      seen: new SeenSet(REMEMBERED, ASSERTION_SECONDS),
      now,
    }),
    prover: createProver({ nonces, seen: new SeenSet(REMEMBERED, PROOF_SECONDS), now }),
    tokenHeaders: createGenerations(TOKEN_HEADERS),
    notes: createRefusalNotes(store, now, fault),
    succession: succession.jws,
    pin: succession.pin,
    newDecision: () => makeId("dec", now(), idBytes()),
  };
}

async function openPoints(
  flags: Flags,
  broker: Broker,
  certificatePem: string,
  fault: (error: unknown) => void,
): ReturnType<typeof openPointsListener> {
  const { store, feed, channels, ring, issuer, succession, now } = broker;
  return openPointsListener({
    ...{ store, feed, channels, certificatePem, issuer, succession, now, fault },
    key: ring.pointsTls,
    jwks: () => jwks(broker),
    urlOf: (resource) => broker.config.resources.get(resource)?.url,
    bounds: broker.config.settings.bounds,
    introspect: (token, point) =>
      introspect(broker, token, {
        serves: (resource) => channels.serves(point, resource),
      }),
    host: flags.host,
    port: flags.pointsPort,
  });
}

const ALL_RIGHTS = ["feed", "spend", "resolve", "ship", "introspect"];

/** Enrols the points of the configuration, and those whose files were given on the command line. */
async function enrolGiven(flags: Flags, broker: Broker): Promise<void> {
  for (const { point, key, serves, may } of broker.config.points) {
    await broker.store.enrolPoint({
      name: point,
      key: canonicalJson({ ...key }),
      serves,
      may,
      by: "configuration",
    });
  }
  for (const file of flags.enrol) {
    const json = readJson(readFileSync(file));
    const said = json.ok && isJsonObject(json.value) ? json.value : {};
    const [name, jwk] = [said["point"], readPublicJwk(said["key"])];
    if (typeof name !== "string" || jwk === undefined) throw new Error(`\`${file}\` does not name a point and its key`);
    await broker.store.enrolPoint({
      name,
      key: canonicalJson({ ...jwk }),
      serves: "connected",
      may: ALL_RIGHTS,
      by: "command line",
    });
  }
}

async function offerOwnerBoot(broker: Broker, data: string): Promise<void> {
  const handle = makeHandle("rmt_boot_", randomBytes(32));
  await broker.store.offerBoot({
    hash: handleHash(handle),
    purpose: "owner",
    ttlMs: broker.config.settings.bootMs,
    by: "first start",
  });
  writeFileSync(join(data, "boot"), `${handle}\n`, { mode: 0o600 });
}
