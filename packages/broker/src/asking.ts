import { createGenerations } from "@remit/core";
import type { Counted } from "./store/tally.ts";

/** Records that are being looked up now: they count before it is known whether they are there. */
export interface Asking {
  /** How many are looked up now for a policy, agent and subject. */
  now(who: Counted): number;
  /**
   * At least as many as were asked for within the hour and are looked up now, without asking the store each time: what
   * `exact` said at most a second ago, and all that began since.
   */
  atMost(who: Counted, exact: () => number, nowMs: number): number;
  /** Counts some more, until what it returns is called. */
  begin(who: Counted, count: number): () => void;
}

/** What was counted a moment ago, with all that began since. */
interface Estimate {
  count: number;
  readonly untilMs: number;
}

const ESTIMATE_MS = 1_000;
const MAX_ESTIMATES = 10_000;

const keyOf = ({ policy, agent, subject }: Counted): string => `${policy} ${agent} ${subject}`;

/** Makes the count; it holds no more than there are requests under way, and estimates of the last second. */
export function createAsking(): Asking {
  const counts = new Map<string, number>();
  const estimates = createGenerations<Estimate>(MAX_ESTIMATES);
  const now = (who: Counted): number => counts.get(keyOf(who)) ?? 0;
  const add = (who: Counted, more: number): void => {
    const count = now(who) + more;
    if (count === 0) counts.delete(keyOf(who));
    else counts.set(keyOf(who), count);
  };
  return {
    now,
    atMost(who, exact, nowMs) {
      const held = estimates.get(keyOf(who));
      if (held !== undefined && nowMs < held.untilMs) return held.count;
      const count = exact() + now(who);
      estimates.set(keyOf(who), { count, untilMs: nowMs + ESTIMATE_MS });
      return count;
    },
    begin(who, count) {
      let under = true;
      add(who, count);
      const estimate = estimates.get(keyOf(who));
      if (estimate !== undefined) estimate.count += count;
      return () => {
        if (under) add(who, -count);
        under = false;
      };
    },
  };
}
