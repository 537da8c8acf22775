import { ChannelError } from "../point/words.ts";
import type { FeedState } from "./following.ts";
import type { Bounds } from "./freshness.ts";
import { pause } from "./pause.ts";
import { readFresh, readSigned } from "./signed.ts";

/** Questions per tightest bound; three are demanded, one more may be lost. */
const PER_BOUND = 4;
const MOST_OPEN = 8;
const NONCE_BYTES = 16;
const FORGET_EVERY_MS = 30_000;

/** Asks for freshness several times per bound until the signal, also while earlier answers are still out. */
export async function challengeLoop(state: FeedState, signal: AbortSignal): Promise<void> {
  await Promise.race([state.started, aborted(signal)]);
  const interval = Math.min(...Object.values(boundsOf(state.bounds))) / PER_BOUND;
  let open = 0;
  let behindSince: number | undefined;
  let forgetAt = state.monotonicMs() + FORGET_EVERY_MS;
  while (!signal.aborted) {
    if (open < MOST_OPEN) {
      open += 1;
      void askOnce(state, signal).then((outcome) => {
        open -= 1;
        if (outcome === "behind") behindSince ??= state.monotonicMs();
        else if (outcome === "fresh") behindSince = undefined;
      });
    }
    if (behindSince !== undefined && state.monotonicMs() - behindSince > state.bounds.writeMs) {
      // the feed's connection is there but brings nothing: a new one goes on from the same place
      behindSince = undefined;
      state.fault({ code: "lag" });
      state.reconnect();
    }
    if (state.monotonicMs() >= forgetAt) {
      forgetAt = state.monotonicMs() + FORGET_EVERY_MS;
      forgetSurely(state);
    }
    await pause(interval, signal);
  }
}

const boundsOf = ({ readMs, writeMs, revealMs }: Bounds): Bounds => ({
  readMs,
  writeMs,
  revealMs,
});

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Forgets what broker time is past for certain. */
function forgetSurely(state: FeedState): void {
  const { nowMs, uncertaintyMs } = state.freshness.brokerTime(state.monotonicMs());
  if (Number.isFinite(uncertaintyMs)) state.revocations.forget(Math.floor((nowMs - uncertaintyMs) / 1000));
}

type Asked = "fresh" | "behind" | "failed";

async function askOnce(state: FeedState, signal: AbortSignal): Promise<Asked> {
  const before = state.position();
  if (before === undefined) return "failed";
  const nonce = Buffer.from(state.random(NONCE_BYTES)).toString("base64url");
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(state.bounds.readMs)]);
  state.freshness.asked(nonce, state.monotonicMs(), before);
  try {
    const { applied, told } = state.reports.beside(before);
    const answer = await state.channel.challenge(nonce, applied, timeout);
    told();
    return takeAnswer(state, answer);
  } catch (cause) {
    const malformed = cause instanceof ChannelError && cause.code === "malformed";
    if (!signal.aborted) state.fault({ code: malformed ? "malformed" : "unreachable", cause });
    return "failed";
  }
}

function takeAnswer(state: FeedState, compact: string): Asked {
  const key = state.feedKey();
  const applied = state.position();
  const signed = key === undefined ? undefined : readSigned(compact, "remit-fresh+jwt", key);
  if (signed === undefined || applied === undefined) return "failed";
  const answer = signed.ok ? readFresh(signed.value) : undefined;
  if (answer === undefined) {
    state.fault({ code: signed.ok ? "malformed" : signed.error });
    // a succeeded feed key shows here first
    if (!signed.ok && signed.error === "signature") state.restart();
    return "failed";
  }
  const outcome = state.freshness.answered(answer, state.monotonicMs(), applied);
  if (outcome === "fresh" || outcome === "behind") return outcome;
  if (outcome === "epoch") state.restart();
  state.fault({ code: outcome });
  return "failed";
}
