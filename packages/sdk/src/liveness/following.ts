import type { KeyObject } from "node:crypto";
import { ChannelError, type FeedLine } from "../point/words.ts";
import type { Freshness, Position } from "./freshness.ts";
import type { EndListener, LivenessFault, LivenessOptions } from "./liveness.ts";
import { createReports, type Reports } from "./reports.ts";
import { createRevocations, readBatch, type RevocationItem, type Revocations } from "./revocations.ts";
import { readSigned, readSnapshot } from "./signed.ts";
import { pause } from "./pause.ts";

/** What the two loops of a point share. */
export interface FeedState extends LivenessOptions {
  readonly freshness: Freshness;
  readonly revocations: Revocations;
  readonly ended: EndListener;
  /** What ends reached here, until the broker was told. */
  readonly reports: Reports;
  /** Undefined before the first snapshot. */
  position(): Position | undefined;
  /** The key that speaks for the feed now; undefined before trust was fetched. */
  feedKey(): KeyObject | undefined;
  trusted(key: KeyObject): void;
  /** Resolves once there is a position. */
  readonly started: Promise<void>;
  start(): void;
  /** Makes the follower drop its connection and begin with a snapshot. */
  restart(): void;
  /** Makes the follower drop its connection and go on from where it is. */
  reconnect(): void;
  /** The signal of the connection in use. */
  connection(signal: AbortSignal): AbortSignal;
  wantsSnapshot(): boolean;
  snapshotTaken(): void;
  fault(fault: LivenessFault): void;
}

/** Makes that shared state, with nothing known. */
export function createFeedState(
  options: LivenessOptions & {
    readonly freshness: Freshness;
    readonly ended: EndListener;
  },
): FeedState {
  const revocations = createRevocations();
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  let key: KeyObject | undefined;
  let snapshotWanted = true;
  let connection = new AbortController();
  return {
    ...options,
    revocations,
    reports: createReports(),
    started,
    start,
    position: () => (revocations.position().epoch < 0 ? undefined : revocations.position()),
    feedKey: () => key,
    trusted(believed) {
      key = believed;
    },
    restart() {
      snapshotWanted = true;
      connection.abort();
    },
    reconnect: () => connection.abort(),
    connection(signal) {
      connection = new AbortController();
      return AbortSignal.any([signal, connection.signal]);
    },
    wantsSnapshot: () => snapshotWanted,
    snapshotTaken() {
      snapshotWanted = false;
    },
    fault: (fault) => options.onFault?.(fault),
  };
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** Keeps following the feed until the signal: snapshot where needed, then batches, with growing pauses after failures. */
export async function followLoop(state: FeedState, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const outcome = await followOnce(state, state.connection(signal));
    if (signal.aborted) return;
    if (outcome.fault !== undefined) state.fault(outcome.fault);
    failures = outcome.progressed ? 1 : failures + 1;
    await pause(backoff(failures, state.random(1)[0] ?? 0), signal);
  }
}

/** Doubles up to a limit; half of it is random, so that many points do not come back at once. */
function backoff(failures: number, random: number): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
  return whole / 2 + (whole / 2) * (random / 255);
}

interface Outcome {
  readonly progressed: boolean;
  readonly fault?: LivenessFault;
}

async function followOnce(state: FeedState, signal: AbortSignal): Promise<Outcome> {
  let progressed = false;
  try {
    if (state.wantsSnapshot() || state.position() === undefined) {
      const fault = await takeSnapshot(state, signal);
      if (fault !== undefined) return { progressed: false, fault };
    }
    const after = state.position();
    if (after === undefined) return { progressed: false };
    for await (const line of state.channel.feed(after, signal)) {
      const fault = takeLine(state, line, signal);
      if (fault !== undefined) return { progressed: false, fault };
      progressed = true;
    }
    return { progressed };
  } catch (cause) {
    const malformed = cause instanceof ChannelError && cause.code === "malformed";
    return { progressed, fault: { code: malformed ? "malformed" : "unreachable", cause } };
  }
}

/** The feed's key may have changed since, so the succession is asked first; only the pinned root can name another. */
async function takeSnapshot(state: FeedState, signal: AbortSignal): Promise<LivenessFault | undefined> {
  const { feed } = await state.channel.trust(signal);
  state.trusted(feed.key);
  const signed = readSigned(await state.channel.snapshot(signal), "remit-snapshot+jwt", feed.key);
  if (!signed.ok) return { code: signed.error };
  const snapshot = readSnapshot(signed.value);
  if (snapshot === undefined) return { code: "malformed" };
  const known = state.position() ?? state.known;
  if (known !== undefined && isBehind(snapshot, known)) return { code: "step_back" };
  state.revocations.restart(snapshot);
  state.snapshotTaken();
  await applied(state, snapshot.items, signal);
  state.start();
  return undefined;
}

const isBehind = (one: Position, other: Position): boolean =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.n < other.n);

function takeLine(state: FeedState, line: FeedLine, signal: AbortSignal): LivenessFault | undefined {
  switch (line.kind) {
    case "ping":
      return undefined;
    case "resolve":
      state.onResolve?.(line.request);
      return undefined;
    case "epoch":
      state.restart();
      return { code: "epoch" };
    case "batch":
      return takeBatch(state, line.compact, signal);
  }
}

function takeBatch(state: FeedState, compact: string, signal: AbortSignal): LivenessFault | undefined {
  const key = state.feedKey();
  if (key === undefined) return { code: "signature" };
  const signed = readSigned(compact, "remit-feed+jwt", key);
  if (!signed.ok) {
    // the key may have been succeeded; a snapshot begins with the succession
    state.restart();
    return { code: signed.error };
  }
  const batch = readBatch(signed.value);
  if (batch === undefined) return { code: "malformed" };
  const taken = state.revocations.apply(batch, compact);
  if (!taken.ok) return { code: taken.error };
  void applied(state, batch.items, signal);
  return undefined;
}

/** Local effect first: running calls are cut before the broker hears that the batch was seen. */
async function applied(state: FeedState, items: readonly RevocationItem[], signal: AbortSignal): Promise<void> {
  const position = state.revocations.position();
  state.freshness.applied(position);
  state.reports.add(state.ended(items.map(({ id }) => id)), items);
  const { applied: told, told: done } = state.reports.beside(position);
  try {
    await state.channel.seen(told, signal);
    done();
  } catch {
    // a lost acknowledgement is made good by the next challenge, which names the position too
  }
}
