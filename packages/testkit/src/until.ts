import { setImmediate as turn } from "node:timers/promises";

const LONGEST_MS = 15_000;

/** Asks until it holds, at most fifteen seconds; says what never came true. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LONGEST_MS;
  while (performance.now() < end) {
    if (await holds()) return;
    await turn();
  }
  throw new Error(`never came true: ${what}`);
}
