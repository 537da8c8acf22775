import { createPrivateKey } from "node:crypto";
import { type Agent, createAgent, dpopKeyOf, RemitError } from "@remit/sdk";
import type { Json } from "@remit/core";
import { CommandError, type ExitName } from "./exit.ts";
import { requireSession, type StoredSession } from "./login/session-file.ts";
import { findRunning, type Places, type Running } from "./places.ts";

/** The running broker, and the login of this user at it. */
export interface Seat {
  readonly running: Running;
  readonly session: StoredSession;
  readonly agent: Agent;
}

/** Takes the seat of the logged-in person, or says how to log in. */
export function takeSeat(places: Places): Seat {
  const running = findRunning(places.data);
  const session = requireSession(places, running.issuer);
  const key = dpopKeyOf(createPrivateKey(session.key.export({ format: "pem", type: "pkcs8" })));
  return {
    running,
    session,
    agent: createAgent({ issuer: running.issuer, base: running.broker, dpopKey: key }),
  };
}

/** Asks the admin API and returns the answer's text; refusals become ends of the command. */
export async function askAdmin(seat: Seat, path: `/admin/${string}`, json?: Json): Promise<string> {
  const response = await refusable(async () =>
    seat.agent.admin(seat.session.handle, path, json === undefined ? {} : { method: "POST", json }),
  );
  const text = await response.text();
  if (response.ok) return text;
  if (response.status === 401)
    throw new CommandError("notLoggedIn", "the login is over", {
      fix: "log in again with `remit login`",
    });
  const exit: ExitName = response.status === 403 || response.status === 404 ? "refused" : "error";
  throw new CommandError(exit, titleOf(text) ?? `the broker answered ${response.status}`, {
    ...(exit === "refused" ? { fix: ADMIN_FIXES[response.status] } : {}),
    facts: { status: response.status },
  });
}

const ADMIN_FIXES: Readonly<Record<number, string>> = {
  403: "ask somebody whom `roles` in remit.yaml names",
  404: "`remit task list` prints the tasks that you may see; what you may not see does not exist for you",
};

/** As `askAdmin`, read as JSON of our own API. */
export async function adminJson(
  seat: Seat,
  path: `/admin/${string}`,
  json?: Json,
): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = JSON.parse(await askAdmin(seat, path, json));
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function titleOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const title: unknown = typeof value === "object" && value !== null && "title" in value ? value.title : undefined;
    return typeof title === "string" ? title : undefined;
  } catch {
    // an answer that is not JSON has no title
    return undefined;
  }
}

const EXITS: Readonly<Record<string, ExitName>> = {
  session_required: "notLoggedIn",
  task_ended: "ended",
  lease_lapsed: "ended",
  handle_invalid: "ended",
  subject_suspended: "ended",
  client_suspended: "ended",
  authorization_pending: "approvalPending",
  unreachable: "error",
};

/** Runs something that the broker may refuse; a refusal becomes the end of the command with its code and what would have sufficed. */
export async function refusable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof RemitError)) throw error;
    const exit = EXITS[error.code] ?? "refused";
    throw new CommandError(exit, `refused: ${error.message} (${error.code})`, {
      cause: error,
      fix: FIXES[error.code] ?? "ask whoever keeps the policies; `remit audit trace` shows the decision",
      facts: {
        code: error.code,
        ...(error.decision === undefined ? {} : { decision: error.decision }),
      },
    });
  }
}

const FIXES: Readonly<Record<string, string>> = {
  session_required: "log in with `remit login`",
  resource_unavailable:
    "connect the resource with `remit connect`; if its connector was changed, start `remit up` with --apply-config",
  resource_unknown: "name a resource of the configuration folder",
  policy_none: "no trust policy gives you this, or not for so long; see `remit check` for what there is",
  policy_ambiguous: "name the policy with --policy",
  record_not_resolved: "check the name of the record; what you may not see does not exist for you",
  limit_reached: "end a task that is still live (`remit task list`), or wait",
};
