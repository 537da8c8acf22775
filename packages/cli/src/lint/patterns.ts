const ATOM = /(\[[^\]\\]+\]|\\.|[^\\[\]{}])(?:\{(\d{1,3})(?:,(\d{1,3}))?\})?/gy;

/** The classes and characters of a connector's pattern, each with how often it may stand. */
const atomsOf = (pattern: string): readonly { readonly one: RegExp; readonly most: number; readonly text: string }[] =>
  [...pattern.matchAll(ATOM)].map(([, text = "", least = "1", most]) => ({
    one: new RegExp(`^${text}$`, "u"),
    most: Number(most ?? least),
    text,
  }));

/** Whether texts of a pattern may hold a character. */
export const mayHold = (pattern: string, character: string): boolean =>
  atomsOf(pattern).some(({ one, most }) => most > 0 && one.test(character));

/** Whether texts of a pattern may begin with a character. */
export const mayBegin = (pattern: string, character: string): boolean =>
  atomsOf(pattern)[0]?.one.test(character) === true;

/** Characters of the longest text of a pattern. */
export const longest = (pattern: string): number => atomsOf(pattern).reduce((sum, { most }) => sum + most, 0);

/** Whether a pattern says what is not in it, and so lets everything else in. */
export const isNegated = (pattern: string): boolean => atomsOf(pattern).some(({ text }) => text.startsWith("[^"));
