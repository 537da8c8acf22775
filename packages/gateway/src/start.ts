import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Connector, type ConnectorLookup, SeenSet } from "@remit/core";
import {
  createNonces,
  createPointChannel,
  createVerifier,
  type Liveness,
  NONCE_LIFE_SECONDS,
  type Nonces,
  type PointChannel,
  type TokenKeys,
  type Welcome,
} from "@remit/sdk";
import { serveAdmin } from "./admin.ts";
import { createLateLiveness } from "./late-liveness.ts";
import { readConnectors } from "./connectors.ts";
import { enrolWithHandle } from "./enrol.ts";
import type { Flags } from "./flags.ts";
import type { Gateway, Served } from "./gateway.ts";
import { spellingsOf } from "./http/reflected.ts";
import { createLookupMemory } from "./http/look-up.ts";
import { listen, serve } from "./http/server.ts";
import { newDecision, openIdentity, type PointIdentity } from "./identity.ts";
import { type Log, openLog } from "./log/log.ts";
import { createRefusalLog } from "./log/refusals.ts";
import { shipLog } from "./log/shipper.ts";
import { resolveRecord } from "./resolve/resolve.ts";
import { openUpstream } from "./upstream/upstream.ts";
import { createUses } from "./uses.ts";
import { type Connection, injected } from "./vault/connection.ts";
import { readSealKey } from "./vault/seal.ts";
import { openVault, type Vault } from "./vault/vault.ts";
import { Secret } from "@remit/core";

export type Say = (
  level: "info" | "warn" | "error",
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;

export interface Started {
  readonly ready: {
    readonly gateway: string;
    readonly admin: string;
    readonly point: string;
    readonly pid: number;
  };
  stop(): Promise<void>;
}

/** Makes or finds this point's key and says what a broker needs to enrol it. */
export async function printPoint(flags: Flags): Promise<{ readonly point: string; readonly key: unknown }> {
  const vault = openVaultOf(flags);
  try {
    const { jwk } = await openIdentity(vault);
    return { point: flags.name, key: jwk };
  } finally {
    vault.close();
  }
}

function openVaultOf(flags: Flags): Vault {
  const data = resolve(flags.data);
  return openVault(data, readSealKey(flags.sealKey ?? ensureSealKey(data), data));
}

function ensureSealKey(data: string): string {
  const user = process.env["REMIT_HOME"] ?? join(process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "remit");
  const file = join(user, `seal-${createHash("sha256").update(data).digest("hex").slice(0, 16)}.key`);
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32), { mode: 0o600, flag: "wx" });
  }
  return file;
}

const UPSTREAM_MS = 10_000;
const MEMORY = 50_000;

/** Starts a gateway. It listens at once; what it serves depends on whether it can prove to itself that it is up to date. */
export async function startGateway(flags: Flags, say: Say): Promise<Started> {
  const data = resolve(flags.data);
  const vault = openVaultOf(flags);
  const identity = await openIdentity(vault);
  const connectors = readConnectors(flags.connectors);
  const log = openLog({
    folder: join(data, "log"),
    name: `remit-point/${flags.name}`,
    key: identity.logKey,
    publicKey: identity.logPublic,
    now: Date.now,
  });
  const { server, port } = await listenAgain(flags, vault);
  const base = flags.publicUrl ?? `http://${flags.host === "::1" ? "[::1]" : flags.host}:${port}`;
  const points =
    flags.points ??
    (flags.boot === undefined ? vault.fixed("points", () => "") : await enrolWithHandle(flags, identity, vault));
  const channel = createPointChannel({
    pointsUrl: points,
    issuer: flags.broker,
    pin: flags.pin,
    key: identity.key,
    certificate: identity.certificate,
  });
  const fault = (error: unknown): void =>
    say("warn", "something failed and is tried again", {
      fault: error instanceof Error ? error.message : String(error),
    });
  const runtime = createRuntime({
    flags,
    base,
    vault,
    identity,
    connectors,
    channel,
    log,
    fault,
    say,
  });
  const admin = await serveAdmin({
    socket: join(data, "admin.sock"),
    vault,
    log,
    connectors,
    newDecision,
    changed: runtime.reload,
  });
  serve(runtime.gateway, server, [new URL(base).host, `localhost:${port}`], fault);
  const over = new AbortController();
  const running = [runtime.run(over.signal), shipLog(log, channel, over.signal, fault)];
  return {
    ready: { gateway: base, admin: join(data, "admin.sock"), point: flags.name, pid: process.pid },
    async stop() {
      server.close();
      server.closeAllConnections();
      await runtime.gateway.refusals.flush();
      await runtime.gateway.uses.returnAll();
      over.abort();
      await Promise.all([admin.close(), ...running]);
      channel.close();
      await log.close();
      vault.close();
    },
  };
}

/** Takes the port of the last start where none is given, so that resources keep their names. */
async function listenAgain(flags: Flags, vault: Vault): ReturnType<typeof listen> {
  const tls =
    flags.tlsCert === undefined || flags.tlsKey === undefined
      ? undefined
      : { cert: readFileSync(flags.tlsCert, "utf8"), key: readFileSync(flags.tlsKey, "utf8") };
  const last = Number(vault.fixed("port", () => "0"));
  const listening = await listen({
    host: flags.host,
    port: flags.port === 0 ? last : flags.port,
    tls,
  }).catch(async (error: unknown) => {
    if (flags.port !== 0 || last === 0) throw error;
    return listen({ host: flags.host, port: 0, tls });
  });
  vault.set("port", String(listening.port));
  return listening;
}

interface Parts {
  readonly flags: Flags;
  readonly base: string;
  readonly vault: Vault;
  readonly identity: PointIdentity;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly channel: PointChannel;
  readonly log: Log;
  readonly fault: (error: unknown) => void;
  readonly say: Say;
}

interface Runtime {
  readonly gateway: Gateway;
  /** Reads the vault again and tells the broker what is served now. */
  reload(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

const monotonicMs = (): number => performance.now();

function createRuntime({ flags, base, vault, identity, connectors, channel, log, fault, say }: Parts): Runtime {
  const served = new Map<string, Served>();
  const state: { welcome: Welcome | undefined; keys: TokenKeys } = {
    welcome: undefined,
    keys: new Map(),
  };
  const nonces = createNonces(monotonicMs);
  const seen = new SeenSet(MEMORY, NONCE_LIFE_SECONDS);
  const late = createLateLiveness({
    channel,
    monotonicMs,
    random: (bytes) => randomBytes(bytes),
    onFault: ({ code, cause }) =>
      say(
        "warn",
        `feed: ${code}`,
        cause === undefined ? {} : { cause: cause instanceof Error ? cause.message : String(cause) },
      ),
    onResolve: (request) => {
      const own = [...served.values()].find(({ connection }) => connection.id === request.connection);
      void resolveRecord(own, request)
        .catch(() => undefined)
        .then(async (found) =>
          channel.resolved(
            found === undefined
              ? { none: true, nonce: request.nonce, at: Date.now() }
              : { ...found, nonce: request.nonce, at: Date.now() },
          ),
        )
        .catch(fault);
    },
  });
  const { liveness } = late;
  const gateway: Gateway = {
    ...{ base, channel, liveness, nonces, log, newDecision },
    point: () => state.welcome?.point ?? flags.name,
    served: (resource) => served.get(resource),
    refusals: createRefusalLog(log, Date.now, fault),
    uses: createUses(channel, fault),
  };
  const hello = async (): Promise<void> => {
    const connections = [...served.values()].map(({ connection: { id, name, resource, as, account }, connector }) => ({
      id,
      name,
      resource,
      connector: connector.digest,
      as,
      account,
    }));
    state.welcome = await channel.hello({
      base,
      connections,
      log_key: Buffer.from(identity.logPublic).toString("base64url"),
    });
    state.keys = state.welcome.keys;
    late.begin(state.welcome.bounds);
  };
  const reload = async (): Promise<void> => {
    for (const old of served.values()) void old.upstream.close().catch(fault);
    served.clear();
    for (const connection of vault.connections()) {
      const connector = connectors.get(connection.connector);
      const secret = vault.credential(connection.id);
      if (connector === undefined || secret === undefined) continue;
      served.set(
        connection.resource,
        serveOne({
          connection,
          connector,
          secret,
          base,
          issuer: flags.broker,
          liveness,
          nonces,
          seen,
          keyOf: (kid) => state.keys.get(kid),
        }),
      );
    }
    await hello().catch(fault);
  };
  return {
    gateway,
    reload,
    async run(signal) {
      await reload();
      await Promise.all([late.run(signal), helloAgain(hello, () => state.welcome === undefined, signal)]);
    },
  };
}

const HELLO_MS = 1_000;

/** Says hello every second: a broker that started anew knows this point again at once, and new token keys arrive. */
async function helloAgain(hello: () => Promise<void>, _unknown: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    const timer = setTimeout(wake, HELLO_MS);
    signal.addEventListener("abort", () => wake(), { once: true });
    await promise;
    clearTimeout(timer);
    // a broker that cannot be reached is told by the feed's own faults
    if (!signal.aborted) await hello().catch(() => undefined);
  }
}

interface ServeParts {
  readonly connection: Connection;
  readonly connector: Connector;
  readonly secret: Secret<string>;
  readonly base: string;
  readonly issuer: string;
  readonly liveness: Liveness;
  readonly nonces: Nonces;
  readonly seen: SeenSet;
  readonly keyOf: Parameters<typeof createVerifier>[0]["keyOf"];
}

function serveOne({ connection, connector, secret, base, issuer, liveness, nonces, seen, keyOf }: ServeParts): Served {
  const location = `${base}/r/${connection.resource}`;
  const prefix = `${connection.resource}.`;
  const lookup: ConnectorLookup = (type) => {
    const name = type.slice(prefix.length);
    const recordType =
      type.startsWith(prefix) && Object.hasOwn(connector.types, name) ? connector.types[name] : undefined;
    return recordType === undefined ? undefined : { location, connector, recordType };
  };
  const { header, texts } = injected(connection, secret);
  return {
    ...{ connection, connector, location, lookup, header },
    verifier: createVerifier({
      issuer,
      resource: location,
      keyOf,
      lookup,
      standing: liveness,
      nonces,
      seen,
    }),
    lookups: createLookupMemory(Date.now),
    upstream: openUpstream({
      origin: connection.origin,
      loopbackOnly: connection.insecureLoopback,
      timeoutMs: UPSTREAM_MS,
    }),
    spellings: new Secret(spellingsOf(texts.reveal())),
  };
}
