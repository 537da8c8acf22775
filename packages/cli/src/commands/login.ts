import { spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { createAgent, makeDpopKey } from "@remit/sdk";
import { CommandError } from "../exit.ts";
import { authorize, type Provider } from "../login/authorize.ts";
import { dropSession, storeSession } from "../login/session-file.ts";
import type { Output } from "../output.ts";
import { findRunning, type Places, type Running } from "../places.ts";
import { refusable } from "../session.ts";

export interface LoginOptions {
  /** File name of the issuer, where the broker trusts several. */
  readonly issuer: string | undefined;
  readonly browser: boolean;
}

/** Logs a person in: at their OpenID provider, then once at the broker. Keeps a handle that works only with the key beside it. */
export async function login(options: LoginOptions, places: Places, output: Output): Promise<void> {
  const running = findRunning(places.data);
  const provider = await chooseProvider(running, options.issuer);
  const idToken = await authorize(provider, (url) => {
    output.warn(`open this page to log in: ${url.href}`);
    if (options.browser) openBrowser(url);
  }).catch((error: unknown) => Promise.reject(providerFailed(provider, error)));
  const key = makeDpopKey();
  const agent = createAgent({ issuer: running.issuer, base: running.broker, dpopKey: key });
  const { session, expiresAt } = await refusable(async () => agent.openSession(idToken, provider.clientId));
  const privateKey = createPrivateKey(key.privateKey.export({ format: "pem", type: "pkcs8" }));
  storeSession(places, { issuer: running.issuer, handle: session, key: privateKey, expiresAt });
  output.answer({ ok: true, issuer: running.issuer, expires_at: expiresAt }, [
    `logged in until ${new Date(expiresAt * 1000).toISOString()}`,
  ]);
}

/** Forgets the login of this user at the running broker. */
export function logout(places: Places, output: Output): void {
  const running = findRunning(places.data);
  const was = dropSession(places, running.issuer);
  output.answer({ ok: true, was_logged_in: was }, [was ? "logged out" : "nobody was logged in"]);
}

/** What the provider did, unless it is an end of the command of its own. */
function providerFailed(provider: Provider, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const told = error instanceof Error ? error.message : "unknown fault";
  return new CommandError("upstreamFailed", `\`${provider.issuer}\` did not log you in: ${told}`, {
    cause: error,
    fix: "see whether the provider can be reached, and knows this client",
  });
}

async function chooseProvider(running: Running, name: string | undefined): Promise<Provider> {
  const path = new URL(running.issuer).pathname;
  const response = await fetch(`${running.broker}${path}/login-config`, { redirect: "error" });
  const value: unknown = await response.json();
  const listed: unknown = typeof value === "object" && value !== null && "issuers" in value ? value.issuers : [];
  const known = (Array.isArray(listed) ? listed : []).flatMap(readProvider);
  const providers = known.filter((one) => name === undefined || name === one.name);
  const [only, ...others] = providers;
  if (only === undefined && known.length > 0)
    throw new CommandError("usage", `the broker knows no provider \`${name ?? ""}\``, {
      fix: `known are: ${known.map((one) => one.name).join(", ")}`,
    });
  if (only === undefined)
    throw new CommandError("error", "the broker knows no provider to log in at", {
      fix: "give an issuer file `sessions: [client id]`",
    });
  if (others.length > 0)
    throw new CommandError("usage", "there are several providers to log in at", {
      fix: `name one with --issuer: ${providers.map((one) => one.name).join(", ")}`,
    });
  return only;
}

function readProvider(item: unknown): readonly (Provider & { readonly name: string })[] {
  if (typeof item !== "object" || item === null) return [];
  const {
    name: own,
    issuer,
    client_id: clientId,
  } = { name: undefined, issuer: undefined, client_id: undefined, ...item };
  if (typeof own !== "string" || typeof issuer !== "string" || typeof clientId !== "string") return [];
  return [{ name: own, issuer, clientId }];
}

function openBrowser(url: URL): void {
  const program = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  const child = spawn(program, [url.href], { stdio: "ignore", detached: true });
  // no browser on this machine: the page to open was printed
  child.on("error", () => undefined);
  child.unref();
}
