/** A bounded memory in two generations that forgets the older one; forgetting here costs time, never safety. */
export interface Generations<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
}

/** Makes a memory of at most `capacity` values. */
export function createGenerations<T>(capacity: number): Generations<T> {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  const set = (key: string, value: T): void => {
    if (young.size >= capacity / 2) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    set,
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const earlier = old.get(key);
      if (earlier !== undefined) set(key, earlier);
      return earlier;
    },
  };
}
