import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Provider } from "oidc-provider";
import { said } from "./said.ts";

/**
 * npm's OpenID provider with `private_key_jwt` and DPoP, in memory. It has no token exchange of its own: its client
 * credentials grant is asked, and the subject token is verified with jose where it asks about the resource.
 */
function createOidc(issuer: string): Provider {
  const keys = createRemoteJWKSet(new URL(process.env["BENCH_SUBJECT_KEYS"] ?? issuer));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const client = JSON.parse(process.env["BENCH_CLIENT"] ?? "{}") as Record<string, string>;
  return new Provider(issuer, {
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
}

console.warn = () => undefined;
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${said(server)}`;
  const handler = createOidc(url).callback();
  server.on("request", (request, response) => void handler(request, response));
});
