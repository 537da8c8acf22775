import { Secret } from "@remit/core";
import type { Connection } from "../vault/connection.ts";
import type { OauthRefresh, Signed } from "../vault/injection.ts";
import { openedRefresh, type RefreshSecrets, sealedRefresh } from "../vault/secrets.ts";
import type { Vault } from "../vault/vault.ts";
import { signAssertion } from "./assertion.ts";
import type { Credential } from "./credential.ts";
import { InjectionFault } from "./injection-fault.ts";
import { createKnownSecrets, type KnownSecrets } from "./known-secrets.ts";
import { createRenewal, type Obtained } from "./renewal.ts";
import { type Granted, readInstallationAnswer, readTokenAnswer } from "./token-answer.ts";
import { openTokenEndpoint, type TokenEndpoint } from "./token-endpoint.ts";

/** A credential whose access tokens come from a token endpoint. */
export interface ObtainedCredential extends Credential {
  /** Which version of the connection's sealed secret it works with. */
  version(): number;
  close(): Promise<void>;
}

export interface ObtainedOptions {
  readonly connection: Connection;
  readonly inject: OauthRefresh | Signed;
  readonly secret: Secret<string>;
  readonly version: number;
  readonly vault: Pick<Vault, "rotate">;
  readonly fault: (error: unknown) => void;
}

const TIMEOUT_MS = 10_000;

export function obtainedCredential(options: ObtainedOptions): ObtainedCredential {
  const { connection, inject, secret, fault } = options;
  const state = { version: options.version };
  const known = createKnownSecrets(lastingTexts(inject, secret));
  const endpoint = openTokenEndpoint({
    url: inject.tokenEndpoint,
    loopbackOnly: connection.insecureLoopback,
    timeoutMs: TIMEOUT_MS,
  });
  const obtain =
    inject.form === "signed"
      ? byAssertion(inject, secret, endpoint, known)
      : byRefresh(options, inject, endpoint, known, state);
  return {
    ...createRenewal({ obtain, monotonicMs: () => performance.now(), fault }),
    spellings: known.spellings,
    version: () => state.version,
    close: async () => endpoint.close(),
  };
}

function byAssertion(
  inject: Signed,
  pem: Secret<string>,
  endpoint: TokenEndpoint,
  known: KnownSecrets,
): () => Promise<Obtained> {
  return async () => {
    const assertion = signAssertion(inject, pem, Date.now()).reveal();
    known.add(assertion);
    const form = {
      ...{ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion },
      ...(inject.scope === undefined ? {} : { scope: inject.scope }),
    };
    const granted =
      inject.exchange === "jwt-bearer"
        ? await endpoint.ask(new Secret(form), undefined, readTokenAnswer)
        : await endpoint.ask(undefined, new Secret(`Bearer ${assertion}`), readInstallationAnswer);
    known.add(granted.accessToken.reveal());
    return granted;
  };
}

function byRefresh(
  { connection, secret, vault }: ObtainedOptions,
  inject: OauthRefresh,
  endpoint: TokenEndpoint,
  known: KnownSecrets,
  state: { version: number },
): () => Promise<Obtained> {
  let held = openedRefresh(secret);
  let unsaved: Granted | undefined;
  const save = (granted: Granted): Obtained => {
    const refreshToken = granted.refreshToken?.reveal() ?? held.refreshToken;
    if (refreshToken === held.refreshToken) return granted;
    const next = { ...held, refreshToken };
    const version = vault.rotate(connection.id, state.version, sealedRefresh(next));
    if (version === undefined) throw new InjectionFault("the connection was replaced meanwhile");
    state.version = version;
    held = next;
    return granted;
  };
  return async () => {
    // what could not be saved is not used and not asked for again: the old token may be spent
    unsaved ??= await askWith(held, inject, endpoint);
    known.add(unsaved.accessToken.reveal());
    if (unsaved.refreshToken !== undefined) known.add(unsaved.refreshToken.reveal());
    const saved = save(unsaved);
    unsaved = undefined;
    return saved;
  };
}

async function askWith(
  { refreshToken, clientSecret = "" }: RefreshSecrets,
  { clientId, clientAuth, scope }: OauthRefresh,
  endpoint: TokenEndpoint,
): Promise<Granted> {
  const form = {
    ...{ grant_type: "refresh_token", refresh_token: refreshToken },
    ...(scope === undefined ? {} : { scope }),
    ...(clientAuth === "basic" ? {} : { client_id: clientId }),
    ...(clientAuth === "post" ? { client_secret: clientSecret } : {}),
  };
  const authorization =
    clientAuth === "basic"
      ? new Secret(`Basic ${Buffer.from(pairOf(clientId, clientSecret)).toString("base64")}`)
      : undefined;
  return endpoint.ask(new Secret(form), authorization, readTokenAnswer);
}

/** Both are form-encoded before they are joined (RFC 6749 2.3.1). */
const pairOf = (clientId: string, clientSecret: string): string =>
  `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;

const formEncoded = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);

/** What of the sealed secret must never come back, in the forms in which it is sent or written down. */
function lastingTexts(inject: OauthRefresh | Signed, secret: Secret<string>): readonly string[] {
  if (inject.form === "signed") {
    // a key is told apart from the next one by its body; its first and last line are the same in all
    const body = secret.reveal().replace(/-----[A-Z ]+-----|\s/g, "");
    return [body, Buffer.from(body, "base64").toString("hex")];
  }
  const { refreshToken, clientSecret } = openedRefresh(secret);
  return clientSecret === undefined
    ? [refreshToken]
    : [refreshToken, clientSecret, pairOf(inject.clientId, clientSecret)];
}
