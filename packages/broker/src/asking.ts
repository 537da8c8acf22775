import type { Counted } from "./store/tally.ts";

/** Records that are being looked up now: they count before it is known whether they are there. */
export interface Asking {
  /** How many are looked up now for a policy, agent and subject. */
  now(who: Counted): number;
  /** Counts some more, until what it returns is called. */
  begin(who: Counted, count: number): () => void;
}

/** Makes the count; it holds no more than there are requests under way. */
export function createAsking(): Asking {
  const counts = new Map<string, number>();
  const now = ({ policy, agent, subject }: Counted): number => counts.get(`${policy} ${agent} ${subject}`) ?? 0;
  const add = (who: Counted, more: number): void => {
    const key = `${who.policy} ${who.agent} ${who.subject}`;
    const count = now(who) + more;
    if (count === 0) counts.delete(key);
    else counts.set(key, count);
  };
  return {
    now,
    begin(who, count) {
      let under = true;
      add(who, count);
      return () => {
        if (under) add(who, -count);
        under = false;
      };
    },
  };
}
