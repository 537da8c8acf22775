import { setTimeout as delay } from "node:timers/promises";
import { RemitError } from "./errors.ts";
import type { Agent } from "./words.ts";

const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Answers that another try cannot change. */
const isFinal = (error: unknown): boolean =>
  error instanceof RemitError && error.status !== undefined && error.status < 500 && error.status !== 429;

/** Renews at half of each token's life; tries again with growing pauses while the broker cannot be reached and the lease holds. */
export async function keepRenewed(
  agent: Pick<Agent, "held" | "renew">,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const held = agent.held();
    if (held === undefined) throw new RemitError("no_task", "no task was begun with this agent");
    const half = ((held.receivedAt + held.expiresAt) / 2) * 1000 - now();
    const again = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** failures);
    await delay(failures === 0 ? Math.max(half, SHORTEST_PAUSE_MS) : again, undefined, {
      signal,
      ref: false,
    }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await agent.renew();
      failures = 0;
    } catch (error) {
      if (isFinal(error) || now() >= held.leaseUntil * 1000) throw error;
      failures += 1;
    }
  }
}
