import { refuse } from "@remit/core";
import { type Bounds, createLiveness, type EndListener, type Liveness, type LivenessOptions } from "@remit/sdk";

/** A liveness whose bounds the broker tells at the first hello; until then nothing is fresh, so nothing is served. */
export interface LateLiveness {
  readonly liveness: Liveness;
  /** Begins with these bounds; later calls change nothing. */
  begin(bounds: Bounds): void;
  run(signal: AbortSignal): Promise<void>;
}

/** Longest bounds that this gateway accepts, whatever a broker says. */
const LONGEST: Bounds = { readMs: 60_000, writeMs: 10_000, revealMs: 5_000 };

export function createLateLiveness(options: Omit<LivenessOptions, "bounds">): LateLiveness {
  const { promise: begun, resolve } = Promise.withResolvers<Liveness>();
  const listeners = new Set<EndListener>();
  let inner: Liveness | undefined;
  return {
    liveness: {
      isFresh: (operation) => inner?.isFresh(operation) ?? false,
      isLive: (ids, issuedAt) => inner?.isLive(ids, issuedAt) ?? false,
      judge: (call, operation) =>
        inner === undefined ? refuse("feed_stale", "no broker was heard yet") : inner.judge(call, operation),
      brokerTime: () => inner?.brokerTime() ?? { nowMs: Date.now(), uncertaintyMs: 0 },
      position: () => inner?.position(),
      onEnd(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      run: async () => undefined,
    },
    begin(bounds) {
      if (inner !== undefined) return;
      const { readMs, writeMs, revealMs } = bounds;
      const capped = {
        readMs: Math.min(readMs, LONGEST.readMs),
        writeMs: Math.min(writeMs, LONGEST.writeMs),
        revealMs: Math.min(revealMs, LONGEST.revealMs),
      };
      inner = createLiveness({ ...options, bounds: capped });
      inner.onEnd((ids) => [...listeners].flatMap((listener) => listener(ids)));
      resolve(inner);
    },
    async run(signal) {
      const stopped = new Promise<undefined>((done) =>
        signal.addEventListener("abort", () => done(undefined), { once: true }),
      );
      const started = await Promise.race([begun, stopped]);
      await started?.run(signal);
    },
  };
}
