import { Secret } from "@remit/core";
import { bearer, type Credential, type Header } from "./credential.ts";
import { InjectionFault } from "./injection-fault.ts";

/** A token as it was obtained. */
export interface Obtained {
  readonly accessToken: Secret<string>;
  /** How long it is good for; undefined: nobody said. */
  readonly lifeMs: number | undefined;
}

export interface RenewalOptions {
  /** Obtains a token; what fails rejects. Never asked twice at once. */
  readonly obtain: () => Promise<Obtained>;
  readonly monotonicMs: () => number;
  /** Told of each attempt that failed. */
  readonly fault: (error: unknown) => void;
}

interface Held {
  readonly header: Header;
  /** From then on another one is obtained while this one is still used. */
  readonly dueAt: number;
  /** From then on it is not used. */
  readonly deadAt: number;
}

/** A token is renewed so long before its end, or in the last quarter of its life. */
const AHEAD_MS = 300_000;
/** A token is not sent in the last moments of its life, which it might not outlive on its way. */
const MARGIN_MS = 5_000;
/** However short their lives and whatever the upstream says of them: so many tokens at once, and then one in so long. */
const BURST = 3;
const EVERY_MS = 20_000;
const TOO_OFTEN = "tokens were obtained too often";
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;

/**
 * Keeps one access token good: obtained for the first call that needs it, renewed ahead of its end and once the upstream
 * refuses it, by one request at a time for all calls. Where that fails it waits, longer each time, and calls are refused.
 */
export function createRenewal({ obtain, monotonicMs, fault }: RenewalOptions): Pick<Credential, "current" | "instead"> {
  const state = {
    held: undefined as Held | undefined,
    underway: undefined as Promise<Header> | undefined,
    notBefore: -Infinity,
    failures: 0,
    reason: TOO_OFTEN,
  };
  const mayObtain = createLimit(BURST, EVERY_MS);
  const attempt = async (): Promise<Header> => {
    mayObtain.take(monotonicMs());
    try {
      const { accessToken, lifeMs } = await obtain();
      state.held = heldOf(bearer(accessToken.reveal()), monotonicMs(), lifeMs);
      state.failures = 0;
      state.reason = TOO_OFTEN;
      return state.held.header;
    } catch (error) {
      const told = error instanceof InjectionFault ? error : new InjectionFault("no token could be obtained");
      const wait = Math.max(FIRST_WAIT_MS * 2 ** Math.min(state.failures, 10), told.waitMs);
      state.notBefore = monotonicMs() + Math.min(wait, LONGEST_WAIT_MS);
      state.failures += 1;
      state.reason = told.message;
      fault(error);
      throw told;
    } finally {
      state.underway = undefined;
    }
  };
  const mayAsk = (): boolean => monotonicMs() >= state.notBefore && mayObtain.left(monotonicMs()) >= 1;
  const renew = async (): Promise<Header> => {
    if (state.underway === undefined && !mayAsk())
      throw new InjectionFault(`${state.reason}; it is not asked again yet`);
    return (state.underway ??= attempt());
  };
  return {
    current() {
      const { held, failures } = state;
      const now = monotonicMs();
      // one that lives shorter than tokens may be asked for is sent as it is: the upstream judges it
      if (held === undefined || (now >= held.deadAt && (failures > 0 || mayAsk() || state.underway !== undefined)))
        return renew();
      // whoever waits for this one is told of its failure by its own call
      if (now >= held.dueAt && mayAsk() && state.underway === undefined) void renew().catch(() => undefined);
      return held.header;
    },
    async instead(refused) {
      const { held, underway } = state;
      if (held !== undefined && held.header !== refused) return held.header;
      // a token that is refused at once is not refused for its age
      if (underway === undefined && !mayAsk()) return undefined;
      // the failure was told where it happened, and the upstream's own refusal is what the caller hears
      return renew().catch(() => undefined);
    },
  };
}

/** So many at once, and then one in so long. */
function createLimit(
  most: number,
  everyMs: number,
): { readonly left: (now: number) => number; readonly take: (now: number) => void } {
  const state = { left: most, at: -Infinity };
  const left = (now: number): number => Math.min(most, state.left + (now - state.at) / everyMs);
  return { left, take: (now) => Object.assign(state, { left: left(now) - 1, at: now }) };
}

function heldOf(header: Header, at: number, lifeMs: number | undefined): Held {
  if (lifeMs === undefined) return { header, dueAt: Infinity, deadAt: Infinity };
  const ahead = Math.min(AHEAD_MS, lifeMs / 4);
  return { header, dueAt: at + lifeMs - ahead, deadAt: at + lifeMs - Math.min(MARGIN_MS, ahead) };
}
