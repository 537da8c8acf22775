/** Numbers that a seed repeats (mulberry32), so that what once failed can be seen again. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  below(count: number): number;
  pick<T>(from: readonly T[]): T;
  /** True once in so many times. */
  oneIn(count: number): boolean;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return {
    next,
    below,
    pick(from) {
      const found = from[below(from.length)];
      if (found === undefined) throw new RangeError("nothing to pick from");
      return found;
    },
    oneIn: (count) => below(count) === 0,
  };
}
