import type { OperationClass } from "@remit/core";

/** Longest age of the proof that nothing was missed, in milliseconds, by class of operation. */
export interface Bounds {
  readonly readMs: number;
  readonly writeMs: number;
  readonly revealMs: number;
}

/** A place in the feed. Epochs only grow; `n` is dense within one. */
export interface Position {
  readonly epoch: number;
  readonly n: number;
}

/** What the broker's feed key said to one nonce of ours. `at` is broker time in milliseconds. */
export interface FreshAnswer extends Position {
  readonly nonce: string;
  readonly at: number;
}

/** Why an answer proves nothing: not to an open question of ours, another epoch, or behind what was known when asked. */
export type FreshFault = "nonce" | "epoch" | "step_back";

/** What is known about being up to date, and about the broker's clock. All times passed in are monotonic milliseconds. */
export interface Freshness {
  /** Notes a question before it is sent, with what had been applied by then. */
  asked(nonce: string, monotonicMs: number, applied: Position): void;
  /** Takes an answer. Each nonce counts once. */
  answered(answer: FreshAnswer, monotonicMs: number, applied: Position): "fresh" | "behind" | FreshFault;
  /** Says how far the feed is applied now; answers that waited for it begin to count. */
  applied(position: Position): void;
  isFresh(operation: OperationClass, monotonicMs: number): boolean;
  brokerTime(monotonicMs: number): { readonly nowMs: number; readonly uncertaintyMs: number };
}

/** Crystals drift less than this; what they may drift since the last answer is added to the uncertainty. */
const DRIFT = 500e-6;
/** `at` is cut to whole milliseconds. */
const TRUNCATION_MS = 1;
const MAX_OPEN = 64;

interface Question {
  readonly sentMs: number;
  readonly applied: Position;
}

/** The age that a class of operation tolerates; whatever is not a read or a write gets the tightest. */
export function boundOf(operation: OperationClass, bounds: Bounds): number {
  switch (operation) {
    case "read":
      return bounds.readMs;
    case "write":
      return bounds.writeMs;
    case "money":
    case "reveal":
    case "mint":
      return bounds.revealMs;
  }
}

/** Makes the state of a process that has proven nothing yet. It is fresh from the time of *sending*, so that a slow answer is an old one. */
export function createFreshness(bounds: Bounds): Freshness {
  const open = new Map<string, Question>();
  let waiting: readonly (Position & { readonly sentMs: number })[] = [];
  let provenMs = -Infinity;
  let clock: { readonly at: number; readonly sentMs: number; readonly gotMs: number } | undefined;
  const settle = (applied: Position): void => {
    const reached = waiting.filter((answer) => answer.epoch === applied.epoch && answer.n <= applied.n);
    for (const answer of reached) provenMs = Math.max(provenMs, answer.sentMs);
    waiting = waiting.filter((answer) => !reached.includes(answer));
  };
  return {
    asked(nonce, monotonicMs, applied) {
      const oldest = open.keys().next().value;
      if (open.size >= MAX_OPEN && oldest !== undefined) open.delete(oldest);
      open.set(nonce, { sentMs: monotonicMs, applied });
    },
    answered(answer, monotonicMs, applied) {
      const question = open.get(answer.nonce);
      if (question === undefined) return "nonce";
      open.delete(answer.nonce);
      if (answer.epoch !== applied.epoch) return "epoch";
      if (answer.epoch === question.applied.epoch && answer.n < question.applied.n) return "step_back";
      if (clock === undefined || question.sentMs >= clock.sentMs)
        clock = { at: answer.at, sentMs: question.sentMs, gotMs: monotonicMs };
      waiting = [...waiting.slice(-MAX_OPEN), { epoch: answer.epoch, n: answer.n, sentMs: question.sentMs }];
      settle(applied);
      return answer.n <= applied.n ? "fresh" : "behind";
    },
    applied: settle,
    isFresh: (operation, monotonicMs) => monotonicMs < provenMs + boundOf(operation, bounds),
    brokerTime(monotonicMs) {
      if (clock === undefined) return { nowMs: 0, uncertaintyMs: Infinity };
      const half = (clock.gotMs - clock.sentMs) / 2;
      const drift = (monotonicMs - clock.sentMs) * DRIFT;
      return {
        nowMs: clock.at + (monotonicMs - clock.gotMs) + half,
        uncertaintyMs: half + drift + TRUNCATION_MS,
      };
    },
  };
}
