import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "@remit/core";
import { CommandError } from "../exit.ts";
import { type Places, readOwn, writePrivate } from "../places.ts";

/** A login at one broker: a handle that works only with the key beside it. */
export interface StoredSession {
  readonly issuer: string;
  readonly handle: Secret<string>;
  readonly key: KeyObject;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

const sessionFile = (places: Places, issuer: string): string =>
  join(places.user, "sessions", `${createHash("sha256").update(issuer).digest("hex").slice(0, 24)}.json`);

/** Keeps a login in a 0600 file of this user. */
export function storeSession(places: Places, session: StoredSession): void {
  const held = {
    issuer: session.issuer,
    handle: session.handle.reveal(),
    key: session.key.export({ format: "jwk" }),
    expiresAt: session.expiresAt,
  };
  writePrivate(sessionFile(places, session.issuer), `${JSON.stringify(held)}\n`);
}

/** The login kept for this broker; undefined if there is none or it is over. */
export function storedSession(places: Places, issuer: string, nowMs: number = Date.now()): StoredSession | undefined {
  const held = readOwn(sessionFile(places, issuer));
  if (held === undefined) return undefined;
  const { handle, key, expiresAt } = held;
  if (held["issuer"] !== issuer || typeof handle !== "string" || typeof expiresAt !== "number") return undefined;
  if (typeof key !== "object" || key === null || expiresAt * 1000 <= nowMs) return undefined;
  return {
    issuer,
    handle: new Secret(handle),
    key: createPrivateKey({ key: { ...key }, format: "jwk" }),
    expiresAt,
  };
}

/** The login, or the advice to make one. */
export function requireSession(places: Places, issuer: string): StoredSession {
  const session = storedSession(places, issuer);
  if (session === undefined)
    throw new CommandError("notLoggedIn", "nobody is logged in at this broker", {
      fix: "log in with `remit login`",
    });
  return session;
}

/** Forgets the login; true if there was one. */
export function dropSession(places: Places, issuer: string): boolean {
  const there = readOwn(sessionFile(places, issuer)) !== undefined;
  rmSync(sessionFile(places, issuer), { force: true });
  return there;
}
