import type { InFlight, Liveness, VerifiedCall } from "@remit/sdk";

/** What keeps a request back until the moment in which its first byte would go out. */
export interface Gate {
  /** The request is about to be sent; false: it must not be. */
  start(): boolean;
  /** Rejects when the request must not be sent any more, wherever it waits. */
  readonly stopped: Promise<never>;
}

/** One verified call on its way through this gateway. */
export interface Flight {
  /** The operation that the call turned out to be. */
  named(operation: string): void;
  /** Keeps a write back, also from the moment in which it is not `alive` any more. What has passed is never cut: its effect must be known. */
  gate(alive: () => boolean): Gate;
  /** The write was sent, and nothing came back. */
  lost(): void;
  /** Whether something that the call depends on was ended meanwhile. */
  ended(): boolean;
  leave(): void;
}

/** The calls under way. An end reaches each of them at once: what is not sent stays unsent, a read is cut. */
export interface Flights {
  /** `cut` ends whatever the call waits for besides its own write. */
  enter(caller: VerifiedCall, cut: () => void): Flight;
}

interface State {
  readonly caller: VerifiedCall;
  readonly cut: () => void;
  operation: string | undefined;
  progress: "unsent" | "sent" | "unknown";
  ended: boolean;
  stop: (() => void) | undefined;
}

/** Keeps track of the calls of one gateway, and tells its liveness what became of those that an end reached. */
export function createFlights(liveness: Pick<Liveness, "isLive" | "onEnd">): Flights {
  const states = new Set<State>();
  liveness.onEnd((ids) => {
    const reached = [...states].filter(
      ({ caller, ended }) => !ended && !liveness.isLive(caller.live, caller.claims.iat),
    );
    return reached.flatMap((state) => end(state, ids));
  });
  return {
    enter(caller, cut) {
      const state: State = { caller, cut, operation: undefined, progress: "unsent", ended: false, stop: undefined };
      states.add(state);
      return {
        named: (operation) => void (state.operation = operation),
        gate: (alive) => gateOf(state, alive),
        lost: () => void (state.progress = "unknown"),
        ended: () => state.ended,
        leave: () => void states.delete(state),
      };
    },
  };
}

function gateOf(state: State, alive: () => boolean): Gate {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  state.stop = () => reject(new Error("ended before it was sent"));
  return {
    stopped,
    start() {
      // from here on the call is waited for, and recorded
      if (state.ended || !alive()) return false;
      state.progress = "sent";
      return true;
    },
  };
}

/** Ends one call, and says what that did to it. What it had not come to mean yet has no name, and did nothing. */
function end(state: State, ids: readonly string[]): readonly InFlight[] {
  const { caller, operation, progress, cut, stop } = state;
  state.ended = true;
  if (progress === "unsent") {
    stop?.();
    cut();
  }
  const id = ids.find((one) => one === "all" || caller.live.includes(one));
  if (id === undefined || operation === undefined) return [];
  return [{ id, operation, state: progress === "unsent" ? "aborted" : progress }];
}
