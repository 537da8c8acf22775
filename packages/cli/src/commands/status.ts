import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { findRunning, type Places } from "../places.ts";
import { storedSession } from "../login/session-file.ts";

/** Says what runs, whether it is ready, and who is logged in. */
export async function status(places: Places, output: Output): Promise<void> {
  const running = findRunning(places.data);
  const [broker, gateway] = await Promise.all([ready(running.broker), ready(running.gateway)]);
  const session = storedSession(places, running.issuer);
  const answer = {
    ok: broker === "ready" && gateway === "ready",
    broker: { url: running.broker, state: broker },
    gateway: { url: running.gateway, state: gateway },
    issuer: running.issuer,
    login: session === undefined ? null : { expires_at: session.expiresAt },
  };
  const login =
    session === undefined ? "nobody (`remit login`)" : `until ${new Date(session.expiresAt * 1000).toISOString()}`;
  if (!answer.ok) {
    throw new CommandError("error", `broker ${broker}, gateway ${gateway}`, {
      fix: "the reason is in the lines that `remit up` printed; a gateway that cannot hear the broker refuses every call",
      facts: answer,
    });
  }
  output.answer(answer, [
    `broker   ${running.broker}  ${broker}`,
    `gateway  ${running.gateway}  ${gateway}`,
    `login    ${login}`,
  ]);
}

/** How long a healthy process may take to say that it is. */
const READY_MS = 2_000;

async function ready(base: string): Promise<string> {
  try {
    const response = await fetch(new URL("/readyz", base), {
      redirect: "error",
      signal: AbortSignal.timeout(READY_MS),
    });
    await response.arrayBuffer();
    return response.ok ? "ready" : "not ready";
  } catch {
    // no answer at all is a state of its own, told to the person as such
    return "unreachable";
  }
}
