import { createHmac, randomBytes } from "node:crypto";

/** Nonces that only this process made and that say when: what a DPoP proof must carry (RFC 9449 8). */
export interface Nonces {
  /** A nonce for the next request. */
  current(): string;
  accepts(nonce: string | undefined): boolean;
  /** Seconds of the clock that ages the nonces: what remembers used proofs must age by the same. */
  seconds(): number;
}

const SLOT_MS = 30_000;
const MAC_BYTES = 16;

/** No nonce is accepted longer than this after it was first handed out, in seconds. */
export const NONCE_LIFE_SECONDS = (2 * SLOT_MS) / 1000;

/**
 * Makes nonces of `instance ‖ slot ‖ MAC` under a key that lives as long as this process, so that another replica or a
 * restart refuses them. Accepts this slot and the one before. `monotonicMs` is a clock that nobody can set.
 */
export function createNonces(monotonicMs: () => number): Nonces {
  const key = randomBytes(32);
  const instance = randomBytes(6);
  const make = (slot: number): string => {
    const head = Buffer.alloc(instance.length + 4);
    instance.copy(head);
    head.writeUInt32BE(slot >>> 0, instance.length);
    const mac = createHmac("sha256", key).update(head).digest().subarray(0, MAC_BYTES);
    return Buffer.concat([head, mac]).toString("base64url");
  };
  let held = { slot: -1, now: "", before: "" };
  const at = (): { readonly now: string; readonly before: string } => {
    const slot = Math.floor(monotonicMs() / SLOT_MS);
    if (held.slot !== slot) held = { slot, now: make(slot), before: make(slot - 1) };
    return held;
  };
  return {
    current: () => at().now,
    accepts(nonce) {
      if (nonce === undefined) return false;
      const { now, before } = at();
      // whoever asks is handed these, so the time of comparing tells nothing
      return nonce === now || nonce === before;
    },
    seconds: () => monotonicMs() / 1000,
  };
}
