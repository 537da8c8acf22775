import type { Refusal } from "@remit/core";
import type { Store } from "./store/store.ts";

/** Somebody who was authenticated when the refusal was made, and what else it is about. */
export interface Refusee {
  /** An id or a configured name: refusals are counted under it. */
  readonly who: string;
  /** Further ids that a trail should find it under. */
  readonly about?: readonly string[];
}

/** Records refusals of known callers: one record a caller and reason a minute, and one with the count of the rest. */
export interface RefusalNotes {
  note(whom: Refusee, refusal: Refusal, decision: string): void;
  /** Writes what is still counted. */
  flush(): Promise<void>;
}

const MINUTE_MS = 60_000;
const MAX_HELD = 10_000;
const MAX_DETAIL = 200;
/** Half a character that the cut left over would be no text, and nothing of the refusal would be recorded. */
const shortened = (words: string): string => words.slice(0, MAX_DETAIL).toWellFormed();

interface Counted {
  readonly ids: readonly string[];
  readonly code: string;
  readonly sinceMs: number;
  decision: string;
  detail: string;
  /** Refusals since the record that was written. */
  more: number;
}

/** Makes the counters over a store. `fault` hears of records that could not be written. */
export function createRefusalNotes(
  store: Pick<Store, "record">,
  now: () => number,
  fault: (error: unknown) => void,
): RefusalNotes {
  // in order of time, because a key is taken out before it is put in again
  const held = new Map<string, Counted>();
  const write = async ({ ids, code, decision, detail }: Counted, count: number): Promise<void> =>
    store.record({ kind: "refused", decision, ids, body: { code, detail, count } });
  const drop = (key: string, counted: Counted): void => {
    held.delete(key);
    if (counted.more > 0) void write(counted, counted.more).catch(fault);
  };
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    for (const [key, counted] of held) {
      if (held.size < MAX_HELD && now() - counted.sinceMs < MINUTE_MS) break;
      drop(key, counted);
    }
  };
  return {
    note({ who, about = [] }, { code, detail }, decision) {
      sweep();
      const key = `${code} ${who}`;
      const [before, cut] = [held.get(key), shortened(detail)];
      if (before !== undefined) {
        before.more += 1;
        // the last of a burst are told as well, though no other comes
        timer ??= setTimeout(() => ((timer = undefined), sweep()), MINUTE_MS).unref();
        [before.decision, before.detail] = [decision, cut];
        return;
      }
      const first = { ids: [who, ...about], code, sinceMs: now(), decision, detail: cut, more: 0 };
      held.set(key, first);
      void write(first, 1).catch(fault);
    },
    async flush() {
      clearTimeout(timer);
      const left = [...held.values()].filter(({ more }) => more > 0);
      held.clear();
      // whoever stops goes on stopping
      await Promise.all(left.map(async (counted) => write(counted, counted.more).catch(fault)));
    },
  };
}
