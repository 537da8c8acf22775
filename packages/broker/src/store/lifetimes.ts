/** How long things live, in milliseconds. Every one is a setting with a floor. */
export interface Lifetimes {
  readonly tokenMs: number;
  readonly leaseMs: number;
  readonly dormantMs: number;
}

export const LIFETIMES: Lifetimes = { tokenMs: 120_000, leaseMs: 180_000, dormantMs: 15 * 60_000 };
