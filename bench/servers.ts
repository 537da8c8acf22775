import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { Pool } from "undici";

// Things to compare with, each in a process of its own: `servers.ts floor | tls | proxy URL | oidc`.

const [kind = "", upstream = ""] = process.argv.slice(2);

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => resolve(Buffer.concat(chunks)));
  request.once("error", reject);
  return promise;
}

function listen(handler: (request: IncomingMessage, response: ServerResponse) => unknown): void {
  const server = createServer((request, response) => void handler(request, response));
  server.listen(0, "127.0.0.1", () => {
    const url = said("http", server.address());
    if (kind === "oidc") void startOidc(url);
  });
}

/** The ready line of a peer. */
function said(scheme: "http" | "https", address: ReturnType<Server["address"]>): string {
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const url = `${scheme}://127.0.0.1:${port}`;
  process.stdout.write(`${JSON.stringify({ url, pid: process.pid })}\n`);
  return url;
}

const ANSWER = JSON.stringify({ access_token: "x".repeat(800), token_type: "DPoP", expires_in: 120 });

/** Reads a form, answers JSON: what any token endpoint cannot avoid. */
async function floor(request: IncomingMessage, response: ServerResponse): Promise<void> {
  new URLSearchParams((await bodyOf(request)).toString());
  response.writeHead(200, { "content-type": "application/json", "content-length": ANSWER.length }).end(ANSWER);
}

/** As `floor`, over TLS: one message of a point to its broker. */
async function startTls(): Promise<void> {
  const { createServer: createHttps } = await import("node:https");
  const { cert, key } = JSON.parse(process.env["BENCH_TLS"] ?? "{}") as { cert: string; key: string };
  const server = createHttps({ cert, key, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: false });
  server.on("request", (request, response) => void floor(request, response));
  server.listen(0, "127.0.0.1", () => said("https", server.address()));
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

/**
 * npm's OpenID provider with `private_key_jwt` and DPoP, in memory. It has no token exchange of its own: its client
 * credentials grant is asked, and the subject token is verified with jose where it asks about the resource.
 */
async function startOidc(issuer: string): Promise<void> {
  const { Provider } = await import("oidc-provider");
  const { createRemoteJWKSet, jwtVerify } = await import("jose");
  const keys = createRemoteJWKSet(new URL(process.env["BENCH_SUBJECT_KEYS"] ?? issuer));
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
        async getResourceServerInfo(ctx) {
          const token: unknown = ctx.oidc.body?.["subject_token"];
          if (token !== undefined) await jwtVerify(String(token), keys, { audience: "triage-bot" });
          return { scope: "", accessTokenFormat: "jwt", accessTokenTTL: 120, jwt: { sign: { alg: "ES256" } } };
        },
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

if (kind === "tls") void startTls();
else listen(HANDLERS[kind] ?? floor);
