import { createServer, type Server } from "node:http";
import { once } from "node:events";
import * as oauth from "oauth4webapi";
import { CommandError } from "../exit.ts";

export interface Provider {
  /** Issuer identifier of the OpenID provider. */
  readonly issuer: string;
  readonly clientId: string;
}

/** Longest time that a person may take in the browser. */
const PATIENCE_MS = 5 * 60_000;

/**
 * Logs a person in at an OpenID provider: authorization code with PKCE and a loopback redirect (RFC 8252), and returns
 * the ID token as the provider signed it. `show` is given the URL that the person opens.
 */
export async function authorize(provider: Provider, show: (url: URL) => void): Promise<string> {
  const issuer = new URL(provider.issuer);
  const insecure = issuer.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(issuer.hostname);
  const options = { [oauth.allowInsecureRequests]: insecure };
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...options }),
  );
  const client: oauth.Client = { client_id: provider.clientId };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  await using listener = await listenForRedirect();
  show(await authorizationUrl(server, client, { verifier, state, nonce, redirect: listener.redirect }));
  const parameters = oauth.validateAuthResponse(server, client, await listener.arrived, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    listener.redirect,
    verifier,
    options,
  );
  const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  if (result.id_token === undefined)
    throw new CommandError("error", "the provider gave no ID token", {
      fix: "ask for the `openid` scope to be allowed for this client",
    });
  return result.id_token;
}

interface Attempt {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly redirect: string;
}

async function authorizationUrl(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  attempt: Attempt,
): Promise<URL> {
  if (server.authorization_endpoint === undefined)
    throw new CommandError("error", "the provider names no authorization endpoint");
  const url = new URL(server.authorization_endpoint);
  const parameters = {
    client_id: client.client_id,
    response_type: "code",
    redirect_uri: attempt.redirect,
    scope: "openid",
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

interface Listener extends AsyncDisposable {
  readonly redirect: string;
  readonly arrived: Promise<URL>;
}

async function listenForRedirect(): Promise<Listener> {
  const { promise: arrived, resolve, reject } = Promise.withResolvers<URL>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const isAnswer = request.method === "GET" && url.pathname === "/callback";
    response.writeHead(isAnswer ? 200 : 404, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      connection: "close",
    });
    response.end(isAnswer ? "You are logged in. Close this page and go back to the terminal.\n" : "");
    if (isAnswer) resolve(url);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const timer = setTimeout(
    () =>
      reject(
        new CommandError("notLoggedIn", "nobody logged in within five minutes", {
          fix: "run `remit login` again",
        }),
      ),
    PATIENCE_MS,
  );
  return {
    redirect: `http://127.0.0.1:${portOf(server)}/callback`,
    arrived,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the loopback listener has no port");
  return address.port;
}
