import type { Applied, InFlight } from "../point/words.ts";
import type { Position } from "./freshness.ts";

/** What ends reached at this point, kept until the broker was told with whatever reaches it first. */
export interface Reports {
  /** Keeps what an end reached, at the place in the feed where it ended. */
  add(reached: readonly InFlight[], items: readonly { readonly id: string; readonly n: number }[]): void;
  /** A place with what is still to be told; `told` forgets that much. */
  beside(position: Position): { readonly applied: Applied; readonly told: () => void };
}

/** More than this is not told: an answer that lists a thousand calls says enough. */
const MOST_TOLD = 1_000;

export function createReports(): Reports {
  let kept: readonly (InFlight & { readonly n: number })[] = [];
  return {
    add(reached, items) {
      const numbered = reached.flatMap((one) => {
        const item = items.find(({ id }) => id === one.id);
        return item === undefined ? [] : [{ ...one, n: item.n }];
      });
      kept = [...kept, ...numbered].slice(-MOST_TOLD);
    },
    beside(position) {
      // only of places that are acknowledged with it
      const now = kept.filter(({ n }) => n <= position.n);
      return {
        applied: now.length === 0 ? { ...position } : { ...position, in_flight: now },
        told: () => void (kept = kept.filter((one) => !now.includes(one))),
      };
    },
  };
}
