/** Whether a text holds any of the texts that it was made for. */
export type Finder = (text: string) => boolean;

/** Characters by which a text is recognised before it is compared. */
const GRAM = 4;
/** Most characters from one look to the next. */
const LONGEST_STEP = 3;

interface Known {
  readonly text: string;
  /** Where in it the characters are that it was recognised by. */
  readonly offset: number;
}

/**
 * Looks for many texts in one pass: only where four characters of one stand is the rest compared. It looks at every third
 * place, because a text of six characters has four of its own at one of them, whichever place it stands at. Texts that are
 * shorter than four characters cannot be looked for.
 */
export function createFinder(known: readonly string[]): Finder {
  const shortest = Math.min(...known.map(({ length }) => length));
  if (shortest < GRAM) throw new RangeError("a text to look for has at least four characters");
  const step = Math.min(LONGEST_STEP, shortest - GRAM + 1);
  const grams = new Uint8Array(1 << 16);
  const byGram = new Map<number, Known[]>();
  for (const text of known) {
    for (let offset = 0; offset < step; offset++) {
      const key = keyAt(text, offset);
      grams[slotOf(key)] = 1;
      const others = byGram.get(key);
      if (others === undefined) byGram.set(key, [{ text, offset }]);
      else others.push({ text, offset });
    }
  }
  return (text) => {
    for (let at = 0; at <= text.length - GRAM; at += step) {
      const key = keyAt(text, at);
      if (grams[slotOf(key)] === 0) continue;
      if (byGram.get(key)?.some((one) => at >= one.offset && text.startsWith(one.text, at - one.offset)) === true)
        return true;
    }
    return false;
  };
}

/** 32 bits that depend on four characters. */
const keyAt = (text: string, at: number): number =>
  (text.charCodeAt(at) << 24) ^
  (text.charCodeAt(at + 1) << 16) ^
  (text.charCodeAt(at + 2) << 8) ^
  text.charCodeAt(at + 3);
const slotOf = (key: number): number => (key ^ (key >>> 16)) & 0xffff;
