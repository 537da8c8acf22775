/** Whether a text holds any of the texts that it was made for. */
export type Finder = (text: string) => boolean;

/** Characters by which a text is recognised before it is compared. */
const START = 4;

/**
 * Looks for many texts in one pass: only where the first four characters of one stand is the rest compared. Texts that
 * are shorter than four characters cannot be looked for.
 */
export function createFinder(known: readonly string[]): Finder {
  const starts = new Uint8Array(1 << 16);
  const byStart = new Map<number, string[]>();
  for (const text of known) {
    if (text.length < START) throw new RangeError("a text to look for has at least four characters");
    let key = 0;
    for (let at = 0; at < START; at++) key = keyAfter(key, text.charCodeAt(at));
    starts[slotOf(key)] = 1;
    byStart.set(key, [...(byStart.get(key) ?? []), text]);
  }
  return (text) => {
    let key = 0;
    for (let at = 0; at < text.length; at++) {
      key = keyAfter(key, text.charCodeAt(at));
      if (starts[slotOf(key)] === 0) continue;
      const from = at - START + 1;
      if (byStart.get(key)?.some((one) => text.startsWith(one, from)) === true) return true;
    }
    return false;
  };
}

/** 32 bits that depend on the last four characters and on nothing before them. */
const keyAfter = (key: number, code: number): number => (key << 8) ^ code;
const slotOf = (key: number): number => (key ^ (key >>> 16)) & 0xffff;
