import { type KeyObject, randomBytes } from "node:crypto";
import { type TestContext } from "node:test";
import {
  createLiveness,
  createPointChannel,
  type Liveness,
  type LivenessFault,
  type PointChannel,
  type ResolveRequest,
} from "../../src/index.ts";
import { selfSigned } from "./certificate.ts";
import { claimsFor, id, ISSUER, NOW, p256 } from "./fixture.ts";
import { openPeer, type Peer } from "./peer.ts";

export const BOUNDS = { readMs: 1_500, writeMs: 800, revealMs: 400 };

export interface Joined {
  readonly peer: Peer;
  readonly channel: PointChannel;
  readonly key: KeyObject;
}

export async function join(t: TestContext, over: { pin?: string; issuer?: string } = {}): Promise<Joined> {
  const peer = await openPeer();
  const key = p256();
  const channel = createPointChannel({
    pointsUrl: peer.url,
    issuer: ISSUER,
    pin: peer.pin,
    key,
    certificate: selfSigned(key, "point"),
    timeoutMs: 3_000,
    ...over,
  });
  t.after(async () => {
    channel.close();
    await peer.close();
  });
  return { peer, channel, key };
}

export interface Running extends Joined {
  readonly liveness: Liveness;
  readonly faults: LivenessFault[];
  readonly asked: ResolveRequest[];
  /** Resolves when a fault with this code was reported. */
  failed(code: LivenessFault["code"]): Promise<void>;
}

export const LIVE = { claims: { ...claimsFor("x"), iat: NOW } as never, live: [id("tsk")] };

export async function run(t: TestContext, more: { known?: { epoch: number; n: number } } = {}): Promise<Running> {
  const joined = await join(t);
  const faults: LivenessFault[] = [];
  const asked: ResolveRequest[] = [];
  const waiting = new Set<() => void>();
  const stop = new AbortController();
  const liveness = createLiveness({
    channel: joined.channel,
    bounds: BOUNDS,
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    onResolve: (request) => asked.push(request),
    onFault: (fault) => {
      faults.push(fault);
      for (const check of waiting) check();
    },
    ...more,
  });
  const running = liveness.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const failed = async (code: LivenessFault["code"]): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (faults.some((fault) => fault.code === code)) resolve();
    };
    waiting.add(check);
    check();
    await promise;
  };
  return { ...joined, liveness, faults, asked, failed };
}

/** Waits for a turn of events, checked whenever the peer is asked something. */
export async function until(peer: Peer, holds: () => boolean): Promise<void> {
  while (!holds()) await peer.heard("/points/challenge");
}
