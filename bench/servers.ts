import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Pool } from "undici";

// Things to compare with, each in a process of its own: `servers.ts floor | proxy URL | oidc`.

const [kind = "", upstream = ""] = process.argv.slice(2);

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function listen(handler: (request: IncomingMessage, response: ServerResponse) => unknown): void {
  const server = createServer((request, response) => void handler(request, response));
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: process.pid })}\n`);
    if (kind === "oidc") void startOidc(`http://127.0.0.1:${port}`);
  });
}

const ANSWER = JSON.stringify({ access_token: "x".repeat(800), token_type: "DPoP", expires_in: 120 });

/** Reads a form, answers JSON: what any token endpoint cannot avoid. */
async function floor(request: IncomingMessage, response: ServerResponse): Promise<void> {
  new URLSearchParams((await bodyOf(request)).toString());
  response.writeHead(200, { "content-type": "application/json", "content-length": ANSWER.length }).end(ANSWER);
}

const pool = upstream === "" ? undefined : new Pool(upstream, { connections: 32, pipelining: 1 });

/** A plain proxy: no decision, no record. */
async function proxy(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const authorization = request.headers.authorization ?? "";
  const body = request.method === "GET" ? null : await bodyOf(request);
  const answer = await pool?.request({ method: "GET", path: request.url ?? "/", headers: { authorization }, body });
  response
    .writeHead(answer?.statusCode ?? 502, { "content-type": "application/json" })
    .end(Buffer.from((await answer?.body.arrayBuffer()) ?? new ArrayBuffer(0)));
}

let oidcHandler: ((request: IncomingMessage, response: ServerResponse) => unknown) | undefined;

/** npm's OpenID provider with `private_key_jwt` and DPoP, in memory: no subject token, no policy, no record. */
async function startOidc(issuer: string): Promise<void> {
  const { Provider } = await import("oidc-provider");
  console.warn = () => undefined;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const client = JSON.parse(process.env["BENCH_CLIENT"] ?? "{}") as Record<string, string>;
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "1", alg: "ES256", use: "sig" }] },
    clients: [
      {
        ...{ client_id: "bench", grant_types: ["client_credentials"], response_types: [], redirect_uris: [] },
        ...{
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: "ES256",
          id_token_signed_response_alg: "ES256",
          jwks: { keys: [client] },
        },
      },
    ],
    features: {
      ...{
        clientCredentials: { enabled: true },
        dPoP: { enabled: true },
        devInteractions: { enabled: false },
        introspection: { enabled: true },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "https://bench.example/r",
        getResourceServerInfo: () => ({
          scope: "",
          accessTokenFormat: "jwt",
          accessTokenTTL: 120,
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
  });
  oidcHandler = provider.callback();
}

const HANDLERS: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>> = {
  floor,
  proxy,
  oidc: (request, response) => oidcHandler?.(request, response),
};

listen(HANDLERS[kind] ?? floor);
