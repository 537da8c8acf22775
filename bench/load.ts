import { createPublicKey, type KeyObject, randomUUID } from "node:crypto";
import { Secret, signJws } from "@remit/core";
import { type DpopKey, dpopProof, type makeDpopKey, publicJwk, signerOf } from "@remit/sdk";
import { Pool } from "undici";

/** A client that signs what each request needs and counts nothing but answers; its own CPU is not measured. */
export interface TokenLoad {
  post(
    path: string,
    form: Readonly<Record<string, string>>,
    assertion: boolean,
  ): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** Speaks to a token endpoint with `private_key_jwt` and DPoP. */
export function createTokenLoad(given: {
  readonly origin: string;
  readonly issuer: string;
  readonly client: string;
  readonly clientKey: KeyObject;
  readonly htu: (path: string) => string;
  readonly key: ReturnType<typeof makeDpopKey>;
}): TokenLoad {
  const pool = new Pool(given.origin, { connections: 16, pipelining: 1 });
  const signer = signerOf(given.clientKey);
  let nonce: string | undefined;
  const assertionOf = (): string => {
    const now = Math.floor(Date.now() / 1000);
    return signJws(
      { alg: signer.alg },
      { iss: given.client, sub: given.client, aud: given.issuer, iat: now, exp: now + 60, jti: randomUUID() },
      signer.sign,
    );
  };
  const once = async (
    path: string,
    form: Readonly<Record<string, string>>,
    assertion: boolean,
  ): Promise<{ status: number; json: Readonly<Record<string, unknown>> }> => {
    const who = assertion
      ? {
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: assertionOf(),
        }
      : {};
    const dpop = dpopProof({ key: given.key, method: "POST", url: given.htu(path), nonce, now: Date.now() });
    const { statusCode, headers, body } = await pool.request({
      ...{ method: "POST", path, headers: { "content-type": "application/x-www-form-urlencoded", dpop } },
      body: new URLSearchParams({ ...form, ...who }).toString(),
    });
    const fresh = headers["dpop-nonce"];
    if (typeof fresh === "string") nonce = fresh;
    return { status: statusCode, json: (await body.json()) as Readonly<Record<string, unknown>> };
  };
  return {
    async post(path, form, assertion) {
      let answer = await once(path, form, assertion);
      if (answer.json["error"] === "use_dpop_nonce") answer = await once(path, form, assertion);
      if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.json)}`);
      return answer.json;
    },
    close: async () => pool.close(),
  };
}

/** Calls a resource with token and proof over kept connections. */
export function createCallLoad(
  key: DpopKey,
  url: string,
  token: string,
): { call(): Promise<number>; close(): Promise<void> } {
  const target = new URL(url);
  const pool = new Pool(target.origin, { connections: 16, pipelining: 1 });
  let nonce: string | undefined;
  const once = async (): Promise<number> => {
    const dpop = dpopProof({ key, method: "GET", url, nonce, accessToken: new Secret(token), now: Date.now() });
    const { statusCode, headers, body } = await pool.request({
      method: "GET",
      path: target.pathname,
      headers: { authorization: `DPoP ${token}`, dpop },
    });
    await body.arrayBuffer();
    const next = headers["dpop-nonce"];
    if (typeof next === "string") nonce = next;
    return statusCode;
  };
  return {
    async call() {
      const status = await once();
      return status === 401 ? once() : status;
    },
    close: async () => pool.close(),
  };
}

/** The public half of a client's key, as another server registers it. */
export const publicOf = (key: KeyObject): Readonly<Record<string, string>> => ({
  ...publicJwk(createPublicKey(key)),
  kid: "bench",
  use: "sig",
  alg: "ES256",
});
