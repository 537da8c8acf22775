import type { JsonObject, Refusal, RefusalCode } from "@remit/core";
import type { Log } from "./log.ts";

/** Refusals, so that they are seen and nobody can fill the log with them. */
export interface RefusalLog {
  /** Counts a refusal of a caller that is not known: nothing else is kept of it. */
  count(code: RefusalCode): void;
  /** Refusals of unknown callers since this process began, by code. */
  counted(): Readonly<Record<string, number>>;
  /** Records a refusal of a verified caller: one record a grant and reason a minute, with how many it stands for. */
  note(about: {
    readonly ids: readonly string[];
    readonly grant: string;
    readonly refusal: Refusal;
    readonly decision: string;
  }): void;
  /** Writes what is still counted. */
  flush(): Promise<void>;
}

const MINUTE_MS = 60_000;
const MAX_HELD = 10_000;
/** A caller's own words reach the log shortened: its lines stay small. */
const MAX_DETAIL = 200;
/** Half a character that the cut left over would be no text. */
const shortened = (words: string): string => words.slice(0, MAX_DETAIL).toWellFormed();

/** What the next record says: of the last refusal that it stands for. */
interface Told {
  readonly ids: readonly string[];
  readonly decision: string;
  readonly body: JsonObject;
}

interface Minute {
  readonly since: number;
  last: Told;
  /** Refusals since the record that was written. */
  more: number;
}

/** Makes the counters over a log. `fault` hears of records that could not be written. */
export function createRefusalLog(log: Log, now: () => number, fault: (error: unknown) => void): RefusalLog {
  const unknown = new Map<RefusalCode, number>();
  // in order of time, because a key is taken out before it is put in again
  const held = new Map<string, Minute>();
  const write = async ({ ids, decision, body }: Told, count: number): Promise<void> =>
    log.append({ kind: "call.refused", decision, ids, body: { ...body, count } });
  /** Ends a minute. One in which something was left to tell begins the next, so that there is one record in each. */
  const close = (key: string, { last, more }: Minute): void => {
    held.delete(key);
    if (more === 0) return;
    void write(last, more).catch(fault);
    held.set(key, { since: now(), last, more: 0 });
  };
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    for (const [key, minute] of held) {
      if (now() - minute.since < MINUTE_MS) break;
      close(key, minute);
    }
  };
  const arm = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      sweep();
      if ([...held.values()].some(({ more }) => more > 0)) arm();
    }, MINUTE_MS).unref();
  };
  return {
    count: (code) => void unknown.set(code, (unknown.get(code) ?? 0) + 1),
    counted: () => Object.fromEntries(unknown),
    note({ ids, grant, refusal, decision }) {
      sweep();
      const { code, operation = "", alias = "", detail } = refusal;
      const last = { ids, decision, body: { code, operation, named: alias, detail: shortened(detail) } };
      const key = `${code} ${grant}`;
      const before = held.get(key);
      if (before !== undefined) {
        before.more += 1;
        before.last = last;
        // the last of a burst are told as well, though no other comes
        return arm();
      }
      makeRoom(held, (minute) => void write(minute.last, minute.more).catch(fault));
      held.set(key, { since: now(), last, more: 0 });
      void write(last, 1).catch(fault);
    },
    async flush() {
      clearTimeout(timer);
      timer = undefined;
      const left = [...held.values()].filter(({ more }) => more > 0);
      held.clear();
      // whoever stops goes on stopping
      await Promise.all(left.map(async ({ last, more }) => write(last, more).catch(fault)));
    },
  };
}

/** Forgets the oldest minute where there are too many; what it has left to tell is told. */
function makeRoom(held: Map<string, Minute>, tell: (minute: Minute) => void): void {
  const [oldest] = held;
  if (held.size < MAX_HELD || oldest === undefined) return;
  const [key, minute] = oldest;
  held.delete(key);
  if (minute.more > 0) tell(minute);
}
