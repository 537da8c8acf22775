import type { Refusal } from "@remit/core";
import type { Store } from "./store/store.ts";

/** Records refusals of known callers: one record a caller and reason a minute, with a count. */
export interface RefusalNotes {
  note(who: string, refusal: Refusal, decision: string): void;
  /** Writes what is still counted. */
  flush(): Promise<void>;
}

const MINUTE_MS = 60_000;
const MAX_HELD = 10_000;

interface Counted {
  readonly since: number;
  readonly decision: string;
  count: number;
}

export function createRefusalNotes(store: Store, now: () => number, fault: (error: unknown) => void): RefusalNotes {
  const held = new Map<string, Counted>();
  const write = async (key: string, counted: Counted): Promise<void> => {
    const [who = "", code = "", detail = ""] = key.split("\n");
    await store.record({
      kind: "refused",
      decision: counted.decision,
      ids: [who],
      body: { code, detail, count: counted.count },
    });
  };
  return {
    note(who, refusal, decision) {
      const key = [who, refusal.code, refusal.detail].join("\n");
      const before = held.get(key);
      if (before !== undefined && now() - before.since < MINUTE_MS) {
        before.count += 1;
        return;
      }
      if (before !== undefined && before.count > 0) void write(key, before).catch(fault);
      if (held.size >= MAX_HELD) held.clear();
      held.set(key, { since: now(), decision, count: 0 });
      void write(key, { since: now(), decision, count: 1 }).catch(fault);
    },
    async flush() {
      for (const [key, counted] of held) if (counted.count > 0) await write(key, counted);
      held.clear();
    },
  };
}
