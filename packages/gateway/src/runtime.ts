import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { SeenSet } from "@remit/core";
import {
  createNonces,
  type LivenessFault,
  NONCE_LIFE_SECONDS,
  type PointChannel,
  type ResolveRequest,
  type TokenKeys,
  type Welcome,
} from "@remit/sdk";
import type { Connectors } from "./connectors.ts";
import type { Gateway, Served } from "./gateway.ts";
import { createCredentials } from "./inject/credentials.ts";
import { newDecision, type PointIdentity } from "./identity.ts";
import { createFlights } from "./in-flight.ts";
import { createLateLiveness } from "./late-liveness.ts";
import type { Log } from "./log/log.ts";
import { createRefusalLog } from "./log/refusals.ts";
import { resolveRecord } from "./resolve/resolve.ts";
import { serveOne } from "./serve-one.ts";
import { createUses } from "./uses.ts";
import type { Vault } from "./vault/vault.ts";

/** What a running gateway is made of. */
export interface Parts {
  /** The broker's issuer. */
  readonly issuer: string;
  readonly name: string;
  readonly base: string;
  readonly vault: Vault;
  readonly identity: PointIdentity;
  readonly connectors: Connectors;
  readonly channel: PointChannel;
  readonly log: Log;
  /** Told of what failed and is tried again. */
  readonly fault: (error: unknown) => void;
}

export interface Runtime {
  readonly gateway: Gateway;
  /** Reads the vault again and tells the broker what is served now. */
  reload(): Promise<void>;
  /** Why a resource's credential cannot be had now; undefined: it can. */
  tried(resource: string): Promise<string | undefined>;
  run(signal: AbortSignal): Promise<void>;
}

/** Proofs that are remembered: 6,600 calls a second for ever. Full they take some 90 MB. */
export const PROOFS = 400_000;
const monotonicMs = (): number => performance.now();

interface State {
  welcome: Welcome | undefined;
  keys: TokenKeys;
}

/** Puts a gateway together. It serves nothing before the broker was heard and has proven that it is heard now. */
export function createRuntime(parts: Parts): Runtime {
  const { base, channel, log, fault } = parts;
  const served = new Map<string, Served>();
  const state: State = { welcome: undefined, keys: new Map() };
  const nonces = createNonces(monotonicMs);
  const late = createLateLiveness({
    channel,
    monotonicMs,
    random: (bytes) => randomBytes(bytes),
    onFault: (told) => fault(feedFault(told)),
    onResolve: (request) => void answerResolve(served, channel, request).catch(fault),
  });
  const { liveness } = late;
  const gateway: Gateway = {
    ...{ base, channel, liveness, nonces, log, newDecision },
    point: () => state.welcome?.point ?? parts.name,
    served: (resource) => served.get(resource),
    refusals: createRefusalLog(log, Date.now, fault),
    uses: createUses(channel, Date.now, fault),
    flights: createFlights(liveness),
  };
  const hello = async (): Promise<void> => {
    state.welcome = await channel.hello(helloOf(parts, served));
    state.keys = state.welcome.keys;
    late.begin(state.welcome.bounds);
  };
  const seen = new SeenSet(PROOFS, NONCE_LIFE_SECONDS);
  const credentials = createCredentials(parts.vault, fault);
  const reload = async (): Promise<void> => {
    for (const old of served.values()) void old.upstream.close().catch(fault);
    served.clear();
    const connections = parts.vault.connections();
    credentials.keepOnly(connections.map(({ id }) => id));
    for (const connection of connections) {
      const connector = parts.connectors.get(connection.connector);
      const credential = connector === undefined ? undefined : credentials.of(connection);
      if (connector === undefined || credential === undefined) continue;
      const keyOf = (kid: string): ReturnType<TokenKeys["get"]> => state.keys.get(kid);
      served.set(
        connection.resource,
        serveOne({ connection, connector, credential, base, issuer: parts.issuer, liveness, nonces, seen, keyOf }),
      );
    }
    await hello().catch(fault);
  };
  return {
    gateway,
    reload,
    tried: async (resource) => served.get(resource)?.upstream.tried(),
    async run(signal) {
      await reload();
      // the first call finds its token there; what fails is told as a fault
      for (const { upstream } of served.values()) void upstream.tried().catch(fault);
      await Promise.all([late.run(signal), helloAgain(hello, signal)]);
    },
  };
}

const feedFault = ({ code, cause }: LivenessFault): Error =>
  new Error(`feed: ${code}`, cause === undefined ? {} : { cause });

function helloOf({ base, identity }: Parts, served: ReadonlyMap<string, Served>): Parameters<PointChannel["hello"]>[0] {
  const connections = [...served.values()].map(({ connection: { id, name, resource, as, account }, connector }) => ({
    id,
    name,
    resource,
    connector: connector.digest,
    as,
    account,
  }));
  return { base, connections, log_key: Buffer.from(identity.logPublic).toString("base64url") };
}

/** Looks up for the broker what only this gateway can; whatever fails is the same nothing. */
async function answerResolve(
  served: ReadonlyMap<string, Served>,
  channel: PointChannel,
  request: ResolveRequest,
): Promise<void> {
  const own = [...served.values()].find(({ connection }) => connection.id === request.connection);
  const found = await resolveRecord(own, request).catch(() => undefined);
  const { nonce } = request;
  await channel.resolved(
    found === undefined ? { none: true, nonce, at: Date.now() } : { ...found, nonce, at: Date.now() },
  );
}

const HELLO_MS = 1_000;

/** Says hello every second: a broker that started anew knows this point again at once, and new token keys arrive. */
async function helloAgain(hello: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // the delay rejects when the signal ends it, and the loop's own condition says so
    await delay(HELLO_MS, undefined, { signal }).catch(() => undefined);
    // a broker that cannot be reached is told by the feed's own faults
    if (!signal.aborted) await hello().catch(() => undefined);
  }
}
