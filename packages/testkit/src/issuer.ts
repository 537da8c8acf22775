import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type JsonObject, signJws } from "@remit/core";
import { publicJwk, signerOf } from "@remit/sdk";
import { createGate, type Hold } from "./gate.ts";
import { portOf } from "./port.ts";

/** People by name, each with the claims that the issuer signs for. */
export type People = Readonly<Record<string, JsonObject>>;

/** An OpenID issuer on loopback with a key of its own: discovery, JWKS, and ID tokens for the asking. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  /** An ID token for a person it knows. `over` replaces claims, so that a test can spoil them. */
  idToken(person: string, audience: string, over?: JsonObject): string;
  /** Signs from now on with a new key; the old one is no longer published. */
  rotate(): void;
  /** Holds whoever asks for its metadata or keys; each held request is named by its path. */
  hold(): Hold<string>;
}

const LIFE_SECONDS = 300;

/** Starts an issuer that knows these people. */
export async function startIssuer(people: People): Promise<TestIssuer> {
  const gate = createGate<string>();
  const state = { ...newKey(1), url: "" };
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "";
    await gate.pass(path);
    const found = documents(state)[path];
    response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? { error: "not_found" }));
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  state.url = `http://127.0.0.1:${portOf(server)}`;
  return {
    url: state.url,
    idToken(person, audience, over = {}) {
      const claims = people[person];
      if (claims === undefined) throw new Error(`the issuer knows nobody of the name \`${person}\``);
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: state.url, sub: person, aud: audience, iat: now, exp: now + LIFE_SECONDS };
      const { alg, sign } = signerOf(state.key);
      // tokens of one second differ, as a provider's do
      const jti = randomUUID();
      return signJws({ typ: "JWT", alg, kid: state.kid }, { ...claims, ...usual, jti, ...over }, sign);
    },
    rotate: () => void Object.assign(state, newKey(state.generation + 1)),
    hold: () => gate.hold(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface SigningKey {
  readonly key: KeyObject;
  readonly kid: string;
  readonly generation: number;
}

function newKey(generation: number): SigningKey {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { key, kid: `issuer-${generation}`, generation };
}

/** What it publishes, by path. */
function documents({ url, key, kid }: SigningKey & { readonly url: string }): Readonly<Record<string, unknown>> {
  return {
    "/.well-known/openid-configuration": {
      issuer: url,
      jwks_uri: `${url}/jwks`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    },
    "/jwks": { keys: [{ ...publicJwk(key), kid, use: "sig", alg: "ES256" }] },
  };
}
