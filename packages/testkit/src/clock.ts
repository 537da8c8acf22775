import type { Standing } from "@remit/sdk";

/** A clock that stands still until it is told. Its functions go where the SDK takes `now` and `monotonicMs`. */
export interface FixedClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of the clock that nobody can set. */
  monotonicMs(): number;
  /** Lets time pass: both clocks go on. */
  advance(ms: number): void;
  /** Sets the wall clock, also back; the monotonic one does not notice. */
  set(epochMs: number): void;
}

/** Makes a clock that shows this time. */
export function fixedClock(startMs: number): FixedClock {
  const at = { wall: startMs, monotonic: 1_000_000 };
  return {
    now: () => at.wall,
    monotonicMs: () => at.monotonic,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`time passes forwards, not by ${ms} ms`);
      at.wall += ms;
      at.monotonic += ms;
    },
    set(epochMs) {
      at.wall = epochMs;
    },
  };
}

/** What an enforcement point would know from a feed, told by the test instead. */
export interface FixedStanding extends Standing {
  /** Ends these ids, as a revocation does that was just heard. */
  revoke(...ids: readonly string[]): void;
  /** Whether the point can prove that it is up to date; true at first. */
  fresh: boolean;
}

/** Makes the `standing` of a verifier: broker time is the clock's, exactly. */
export function fixedStanding(clock: Pick<FixedClock, "now">): FixedStanding {
  const dead = new Set<string>();
  const standing: FixedStanding = {
    fresh: true,
    isFresh: () => standing.fresh,
    isLive: (ids) => !ids.some((id) => dead.has(id)),
    brokerTime: () => ({ nowMs: clock.now(), uncertaintyMs: 0 }),
    revoke(...ids) {
      for (const id of ids) dead.add(id);
    },
  };
  return standing;
}
