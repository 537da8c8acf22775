import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Nonces that only this process made and that say when: what a DPoP proof must carry (RFC 9449 8). */
export interface Nonces {
  /** A nonce for the next request. */
  current(): string;
  accepts(nonce: string | undefined): boolean;
}

const SLOT_MS = 30_000;
const MAC_BYTES = 16;

/** Makes nonces of `instance ‖ slot ‖ MAC` under a key that lives as long as this process. Accepts this slot and the one before. */
export function createNonces(now: () => number): Nonces {
  const key = randomBytes(32);
  const instance = randomBytes(6);
  let made: { slot: number; text: string } = { slot: -1, text: "" };
  const nonceOf = (slot: number): string => {
    if (made.slot === slot) return made.text;
    const head = Buffer.concat([instance, uint32(slot)]);
    const mac = createHmac("sha256", key).update(head).digest().subarray(0, MAC_BYTES);
    const text = Buffer.concat([head, mac]).toString("base64url");
    if (slot > made.slot) made = { slot, text };
    return text;
  };
  const slotNow = (): number => Math.floor(now() / SLOT_MS);
  return {
    current: () => nonceOf(slotNow()),
    accepts(nonce) {
      if (nonce === undefined) return false;
      const slot = slotNow();
      return same(nonce, nonceOf(slot)) || same(nonce, nonceOf(slot - 1));
    },
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function same(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
