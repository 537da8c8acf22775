/** When a point had applied the feed up to a position. */
export interface SeenAt {
  readonly id: string;
  /** Milliseconds; null if it had not within the time that was waited. */
  readonly seenAt: number | null;
}

/** Who has applied the feed how far. */
export interface Seen {
  /** Counts a point from now on, at the position from which it follows. Returns how to stop counting it. */
  attend(point: string, n: number): () => void;
  /** Notes a position, if the point is counted. */
  note(point: string, n: number): void;
  /** Waits until every counted point is past a position, at most `boundMs`. */
  when(n: number, boundMs: number): Promise<readonly SeenAt[]>;
}

interface State {
  n: number;
  at: number;
}

/** Keeps the positions of the points whose streams are open. */
export function createSeen(now: () => number): Seen {
  const points = new Map<string, State>();
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const check of waiting) check();
  };
  return {
    attend(point, n) {
      const state = { n: Math.max(n, points.get(point)?.n ?? 0), at: now() };
      points.set(point, state);
      return () => {
        // a newer stream of the same point goes on counting
        if (points.get(point) === state) points.delete(point);
        changed();
      };
    },
    note(point, n) {
      const state = points.get(point);
      if (state !== undefined && n > state.n) [state.n, state.at] = [n, now()];
      changed();
    },
    async when(n, boundMs) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const check = (): void => {
        if ([...points.values()].every((state) => state.n >= n)) resolve(undefined);
      };
      waiting.add(check);
      const timer = setTimeout(() => resolve(undefined), boundMs);
      check();
      await promise;
      clearTimeout(timer);
      waiting.delete(check);
      return [...points].map(([id, state]) => ({ id, seenAt: state.n >= n ? state.at : null }));
    },
  };
}
