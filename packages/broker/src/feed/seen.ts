/** When a point had applied the feed up to a position. */
export interface SeenAt {
  readonly id: string;
  /** Milliseconds; null if it had not within the time that was waited. */
  readonly seenAt: number | null;
}

/** Who has applied the feed how far. */
export interface Seen {
  note(point: string, n: number): void;
  forget(point: string): void;
  /** Waits until every known point is past a position, at most `boundMs`. */
  when(n: number, boundMs: number): Promise<readonly SeenAt[]>;
}

export function createSeen(now: () => number): Seen {
  const points = new Map<string, { readonly n: number; readonly at: number }>();
  const waiting = new Set<() => void>();
  return {
    note(point, n) {
      if (n > (points.get(point)?.n ?? -1)) points.set(point, { n, at: now() });
      for (const check of waiting) check();
    },
    forget(point) {
      points.delete(point);
      for (const check of waiting) check();
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
