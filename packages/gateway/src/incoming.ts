import type { Head, Json, JsonLimits, Refusal, Result } from "@remit/core";

/** One call as it came in: its head read, its body still to be read. */
export interface Incoming {
  readonly head: Head;
  /** Raw path segments below the resource. */
  readonly segments: readonly string[];
  /** Reads the body strictly, within these limits; undefined: there is none. */
  readonly readBody: (limits: JsonLimits) => Promise<Result<Json | undefined, Refusal>>;
  readonly decision: string;
  /** One of several that are sent only if each of them may be. */
  readonly decidedWithOthers?: boolean;
  readonly signal: AbortSignal;
  /** Aborts the signal: what the call waits for is over. */
  readonly cut: () => void;
}
