import type { CallRequest } from "@remit/core";

/** One call as it came in: its head read, its body still to be read. */
export interface Incoming extends CallRequest {
  readonly decision: string;
  readonly signal: AbortSignal;
  /** Aborts the signal: what the call waits for is over. */
  readonly cut: () => void;
}
