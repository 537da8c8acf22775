import { ok, type Refusal, type Result } from "@remit/core";
import type { Broker } from "./broker.ts";
import type { InFlight } from "./feed/in-flight.ts";
import type { End } from "./store/store.ts";

/** What everyone who ends something is told: when, and which points have acted on it. */
export interface EndAnswer {
  readonly id: string;
  /** Milliseconds. */
  readonly ended_at: number;
  readonly n: number;
  /** False if nothing of this id is known here, which a misspelt one is not. */
  readonly known: boolean;
  readonly points: readonly { readonly id: string; readonly seen_at: number | null }[];
  /** Calls that were under way at points that told of it within the bound; a silent point's are not among them. */
  readonly in_flight: readonly Pick<InFlight, "operation" | "state">[];
  readonly upstream: readonly never[];
}

/** Ends something, then waits for the points, at most their bound for writes. Idempotent. */
export async function end(broker: Broker, ending: End): Promise<Result<EndAnswer, Refusal>> {
  const ended = await broker.store.end(ending);
  if (!ended.ok) return ended;
  const { id, endedMs, n, known } = ended.value;
  const seen = await broker.feed.whenSeen(n, broker.config.settings.bounds.write_ms);
  const points = seen.map((point) => ({ id: point.id, seen_at: point.seenAt }));
  const in_flight = broker.feed.inFlight(id, n).map(({ operation, state }) => ({ operation, state }));
  return ok({ id, ended_at: endedMs, n, known, points, in_flight, upstream: [] });
}
