import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { type ClientMetadata, Provider } from "oidc-provider";

// An OpenID provider: the company's own login, with two people. A real one, from npm, with nothing of Remit in it.

const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
const PEOPLE: Readonly<Record<string, { readonly groups: readonly string[] }>> = {
  dana: { groups: ["support"] },
  sam: { groups: ["sales"] },
};

const server = createServer();
server.listen(Number(values.port), "127.0.0.1");
await once(server, "listening");
const address = server.address();
if (address === null || typeof address === "string") throw new Error("the provider has no port");
const issuer = `http://127.0.0.1:${address.port}`;

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const native = (client_id: string): ClientMetadata => ({
  client_id,
  application_type: "native",
  token_endpoint_auth_method: "none",
  redirect_uris: ["http://127.0.0.1/callback"],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  id_token_signed_response_alg: "ES256",
});

// its own notices are for people who run it in production
console.warn = () => undefined;
const provider = new Provider(issuer, {
  clients: [native("remit-cli"), native("triage-bot")],
  jwks: {
    keys: [{ ...privateKey.export({ format: "jwk" }), kid: "login-1", use: "sig", alg: "ES256" }],
  },
  cookies: { keys: [randomBytes(24).toString("base64url")] },
  claims: { openid: ["sub", "groups"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  findAccount: (_context: unknown, id: string) =>
    id in PEOPLE ? { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) } : undefined,
  interactions: {
    url: (_context: unknown, interaction: { readonly uid: string }) => `/interaction/${interaction.uid}`,
  },
  ttl: {
    Session: 600,
    Interaction: 600,
    Grant: 600,
    IdToken: 300,
    AccessToken: 300,
    AuthorizationCode: 60,
  },
});

const handle = provider.callback();
server.on("request", (request: IncomingMessage, response: ServerResponse) => {
  if ((request.url ?? "").startsWith("/interaction/")) void interact(request, response);
  else void handle(request, response);
});
process.stdout.write(`${JSON.stringify({ issuer, pid: process.pid })}\n`);
process.on("SIGTERM", () => process.exit(0));

/** The login page: a name, and consent in the same step. */
async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    const page = `<!doctype html><html lang="en"><title>Log in</title><form method="post" action="/interaction/${details.uid}"><label>Name <input name="login" autofocus></label> <button>Log in</button></form></html>`;
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const login = new URLSearchParams(Buffer.concat(chunks).toString("utf8")).get("login") ?? "";
  if (details.prompt.name === "login" && !(login in PEOPLE)) {
    response.writeHead(403, { "content-type": "text/plain" }).end("nobody of this name\n");
    return;
  }
  const accountId = details.session?.accountId ?? login;
  const grant = new provider.Grant({ accountId, clientId: String(details.params["client_id"]) });
  grant.addOIDCScope("openid");
  const result =
    details.prompt.name === "login"
      ? { login: { accountId: login }, consent: { grantId: await grant.save() } }
      : { consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}
