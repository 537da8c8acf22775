import { readJson } from "@remit/core";
import type { Broker } from "../broker.ts";
import type { Role } from "../config/model.ts";
import { claimsMatch } from "../identity/subject.ts";
import type { SessionRow } from "../store/store.ts";

/** Who makes an admin call: a person by a session, or whoever may open the broker's own socket. */
export type Caller =
  { readonly kind: "session"; readonly subject: string; readonly roles: readonly Role[] } | { readonly kind: "socket" };

/** Roles that the configuration gives to a session's identity. */
export function callerOf(broker: Broker, session: SessionRow): Caller {
  const claims = readJson(session.claims);
  const roles = broker.config.settings.roles
    .filter((rule) => rule.issuer === session.issuerName && claims.ok && claimsMatch(claims.value, rule.claims))
    .map(({ role }) => role);
  return { kind: "session", subject: session.subject, roles };
}

const SEE_ALL: readonly Role[] = ["viewer", "approver", "operator", "owner"];
const MAY_STOP: readonly Role[] = ["operator", "owner"];

export const maySeeAll = (caller: Caller): boolean =>
  caller.kind === "socket" || caller.roles.some((role) => SEE_ALL.includes(role));

export const mayStop = (caller: Caller): boolean =>
  caller.kind === "socket" || caller.roles.some((role) => MAY_STOP.includes(role));

/** How a caller is named in records. */
export const nameOf = (caller: Caller): string => (caller.kind === "socket" ? "unprotected_owner" : caller.subject);

/** Whether a caller may see what belongs to a subject. */
export const maySee = (caller: Caller, subject: string): boolean =>
  maySeeAll(caller) || (caller.kind === "session" && caller.subject === subject);
