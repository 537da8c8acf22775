import type { JsonObject, Refusal } from "@remit/core";
import type { Log } from "./log.ts";

/** Records refusals of verified callers: one record a grant and reason a minute, with a count. */
export interface RefusalLog {
  note(about: {
    readonly ids: readonly string[];
    readonly grant: string;
    readonly refusal: Refusal;
    readonly decision: string;
  }): void;
  flush(): Promise<void>;
}

const MINUTE_MS = 60_000;
const MAX_HELD = 10_000;
/** A caller's own words reach the log shortened: its lines stay small. */
const MAX_DETAIL = 200;

interface Counted {
  readonly since: number;
  readonly ids: readonly string[];
  readonly decision: string;
  readonly body: JsonObject;
  count: number;
}

export function createRefusalLog(log: Log, now: () => number, fault: (error: unknown) => void): RefusalLog {
  const held = new Map<string, Counted>();
  const write = async ({ ids, decision, body, count }: Counted): Promise<void> =>
    log.append({ kind: "call.refused", decision, ids, body: { ...body, count } });
  return {
    note({ ids, grant, refusal, decision }) {
      const { code, operation = "", alias = "" } = refusal;
      const key = [grant, code, operation, alias].join("\n");
      const before = held.get(key);
      if (before !== undefined && now() - before.since < MINUTE_MS) {
        before.count += 1;
        return;
      }
      if (before !== undefined && before.count > 0) void write(before).catch(fault);
      if (held.size >= MAX_HELD) held.clear();
      const counted: Counted = {
        since: now(),
        ids,
        decision,
        body: { code, operation, named: alias, detail: refusal.detail.slice(0, MAX_DETAIL) },
        count: 0,
      };
      held.set(key, counted);
      void write({ ...counted, count: 1 }).catch(fault);
    },
    async flush() {
      for (const counted of held.values()) if (counted.count > 0) await write(counted);
      held.clear();
    },
  };
}
