import type { UpstreamAnswer, Upstream } from "../upstream/upstream.ts";
import { UpstreamFault } from "../upstream/fault.ts";
import type { Credential, Header } from "./credential.ts";

type Request = Parameters<Upstream["send"]>[0];

/** An upstream that is asked with a connection's credential, and never without. */
export interface CredentialedUpstream {
  send(
    request: Omit<Request, "credential"> & {
      /** Asked before a request is sent once more; absent: it may be. */
      readonly again?: () => Promise<boolean>;
    },
    maxBytes: number,
    signal: AbortSignal | null,
  ): Promise<UpstreamAnswer>;
  /** Why there is no credential now; undefined: there is one. */
  tried(): Promise<string | undefined>;
  close(): Promise<void>;
}

/**
 * Puts the credential into every request. An upstream that says 401 did nothing (RFC 9110 15.5.2): where there is
 * another header to be had, the request is sent once more with it, if it still may be.
 */
export function injecting(upstream: Upstream, credential: Credential): CredentialedUpstream {
  return {
    async send({ again, ...request }, maxBytes, signal) {
      const now = credential.current();
      const header = now instanceof Promise ? await obtained(now, stopOf(request, signal)) : now;
      const first = await upstream.send({ ...request, credential: header }, maxBytes, signal);
      if (first.status !== 401) return first;
      const other = await Promise.race([credential.instead(header), stopOf(request, signal)]).catch(() => undefined);
      // obtaining it may have taken its time: what was looked at before the first request is looked at again
      if (other === undefined || (again !== undefined && !(await again()))) return first;
      try {
        return await upstream.send({ ...request, credential: other }, maxBytes, signal);
      } catch (error) {
        // what was not sent a second time was still answered the first time
        if (error instanceof UpstreamFault && !error.sent) return first;
        throw error;
      }
    },
    async tried() {
      try {
        await credential.current();
        return undefined;
      } catch (error) {
        if (error instanceof UpstreamFault) return error.message;
        throw error;
      }
    },
    close: async () => upstream.close(),
  };
}

/** A header, unless the call is over before there is one. */
async function obtained(header: Promise<Header>, stop: Promise<never>): Promise<Header> {
  try {
    return await Promise.race([header, stop]);
  } catch (error) {
    throw error instanceof UpstreamFault ? error : new UpstreamFault("cut", false, false);
  }
}

/** Rejects when nobody waits for the call any more. */
function stopOf({ gate }: Pick<Request, "gate">, signal: AbortSignal | null): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  // it may be that nobody waits for it
  promise.catch(() => undefined);
  const over = (): void => reject(new Error("nobody waits for it"));
  if (signal?.aborted === true) over();
  else signal?.addEventListener("abort", over, { once: true });
  gate?.stopped.catch(over);
  return promise;
}
