/**
 * Remembers what was used once, in two generations, bounded. It forgets only by time: when it is full it says so, and
 * the caller refuses, because forgetting early would let a proof be replayed.
 */
export class SeenSet {
  readonly #capacity: number;
  readonly #generationSeconds: number;
  #young = new Set<string>();
  #old = new Set<string>();
  #rotateAt = 0;

  /** Holds at most `capacity` entries a generation; each entry stays at least `generationSeconds`. */
  constructor(capacity: number, generationSeconds: number) {
    this.#capacity = capacity;
    this.#generationSeconds = generationSeconds;
  }

  /** Notes a value. `now` is in seconds. */
  add(value: string, now: number): "new" | "seen" | "full" {
    if (now >= this.#rotateAt) this.#rotate(now);
    if (this.#young.has(value) || this.#old.has(value)) return "seen";
    if (this.#young.size >= this.#capacity) return "full";
    this.#young.add(value);
    return "new";
  }

  #rotate(now: number): void {
    const longAgo = now >= this.#rotateAt + this.#generationSeconds;
    this.#old = longAgo ? new Set() : this.#young;
    this.#young = new Set();
    this.#rotateAt = now + this.#generationSeconds;
  }
}
