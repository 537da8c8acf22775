import { ChannelError, type PointChannel } from "@remit/sdk";
import type { Log } from "./log.ts";

const MAX_LINES = 500;
const IDLE_MS = 50;
const RETRY_MS = 1_000;

/** Sends the log's new lines to the broker until the signal, from wherever the broker says it is. Never rejects. */
export async function shipLog(
  log: Log,
  channel: Pick<PointChannel, "ship">,
  signal: AbortSignal,
  fault: (error: unknown) => void,
): Promise<void> {
  let held = 0;
  while (!signal.aborted) {
    if (held >= log.size()) {
      await pause(IDLE_MS, signal);
      continue;
    }
    const lines = log.lines(held, MAX_LINES);
    try {
      const shipped = await channel.ship({
        from: held,
        lines,
        checkpoint: log.checkpoint(held + lines.length),
      });
      const { size } = shipped.ok ? shipped.value : shipped.error;
      if (size > log.size()) throw new Error(`the broker holds ${size} records of this log, which has ${log.size()}`);
      if (size <= held) await pause(RETRY_MS, signal);
      held = size;
    } catch (error) {
      if (!(error instanceof ChannelError && error.code === "unreachable")) fault(error);
      await pause(RETRY_MS, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // a signal that is over calls nobody any more
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
}
