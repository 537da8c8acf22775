/** What was stopped at a gate, and the way to let it go on. */
export interface Hold<T> {
  /** Resolves when this many have arrived, with all that have; rejects if they have not after fifteen seconds. */
  arrived(count?: number): Promise<readonly T[]>;
  /** Lets what waits go on, and holds nothing more. */
  release(): void;
}

/** A place where a test can hold what passes. */
export interface Gate<T> {
  /** From now on holds what matches. */
  hold(matches?: (item: T) => boolean): Hold<T>;
  /** Passes through, when nothing holds it. */
  pass(item: T): Promise<void>;
}

interface Holding<T> {
  readonly matches: (item: T) => boolean;
  readonly items: T[];
  readonly open: Promise<void>;
  readonly heard: Set<() => void>;
}

const LONGEST_MS = 15_000;

/** Makes a gate that holds nothing. */
export function createGate<T>(): Gate<T> {
  const holdings = new Set<Holding<T>>();
  return {
    hold(matches = () => true) {
      const { promise: open, resolve: release } = Promise.withResolvers<void>();
      const holding: Holding<T> = { matches, items: [], open, heard: new Set() };
      holdings.add(holding);
      return {
        async arrived(count = 1) {
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          const check = (): void => (holding.items.length >= count ? resolve() : undefined);
          const late = setTimeout(() => reject(new Error(`${holding.items.length} of ${count} arrived`)), LONGEST_MS);
          holding.heard.add(check);
          check();
          try {
            await promise;
          } finally {
            clearTimeout(late);
            holding.heard.delete(check);
          }
          return [...holding.items];
        },
        release() {
          holdings.delete(holding);
          release();
        },
      };
    },
    async pass(item) {
      for (const holding of holdings) {
        if (!holding.matches(item)) continue;
        holding.items.push(item);
        for (const check of holding.heard) check();
        await holding.open;
      }
    },
  };
}
