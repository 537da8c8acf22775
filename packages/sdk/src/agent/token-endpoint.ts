import { randomBytes } from "node:crypto";
import { isJsonObject, type Json, type JsonObject, readJson, Secret, signJws } from "@remit/core";
import { signerOf } from "../crypto.ts";
import { dpopProof } from "./dpop.ts";
import { refusalFrom, RemitError } from "./errors.ts";
import type { AgentOptions } from "./words.ts";

/** Requests to the broker with a proof, tried again once with the nonce that it asks for. */
export interface Broker {
  /** Posts form parameters to the token endpoint. Without a client, no assertion is sent. */
  token(parameters: Readonly<Record<string, string>>, as: "client" | "key"): Promise<JsonObject>;
  /** Sends a request below the issuer's path; `session` is presented with it where given. */
  send(request: BrokerRequest): Promise<Response>;
}

export interface BrokerRequest {
  readonly path: string;
  readonly method: string;
  readonly body?: { readonly type: string; readonly text: () => string };
  readonly session?: Secret<string>;
}

const FORM = "application/x-www-form-urlencoded";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_SECONDS = 60;

/** Makes the way to one broker: its endpoints lie below the issuer's path, wherever the broker answers now. */
export function createBroker(options: AgentOptions): Broker {
  const { path } = issuerParts(options.issuer);
  const base = (options.base ?? new URL(options.issuer).origin).replace(/\/$/, "");
  const doFetch = options.fetch ?? fetch;
  const now = options.now ?? Date.now;
  let nonce: string | undefined;
  const once = async (request: BrokerRequest): Promise<Response> => {
    const url = `${base}${request.path.startsWith("/admin/") ? "" : path}${request.path}`;
    const proof = { key: options.dpopKey, method: request.method, url, nonce, now: now() };
    const headers = {
      dpop: dpopProof({ ...proof, accessToken: request.session }),
      ...(request.body === undefined ? {} : { "content-type": request.body.type }),
      ...(request.session === undefined ? {} : { authorization: `DPoP ${request.session.reveal()}` }),
    };
    const body = request.body === undefined ? {} : { body: request.body.text() };
    const response = await reach(() => doFetch(url, { method: request.method, headers, redirect: "manual", ...body }));
    nonce = response.headers.get("dpop-nonce") ?? nonce;
    return response;
  };
  const send = async (request: BrokerRequest): Promise<Response> => {
    const asked = nonce;
    const response = await once(request);
    if (nonce === asked || !(await wantsNonce(response))) return response;
    return once(request);
  };
  return {
    send,
    async token(parameters, as) {
      const text = (): string =>
        new URLSearchParams({
          ...parameters,
          ...(as === "client" ? assertionOf(options, now()) : {}),
        }).toString();
      const request = { path: "/token", method: "POST", body: { type: FORM, text } };
      return goodObject(await send(request));
    },
  };
}

function issuerParts(issuer: string): { readonly path: string } {
  const { pathname } = new URL(issuer);
  return { path: pathname === "/" ? "" : pathname };
}

/** Runs a fetch; what it throws names hosts and numbers only, so it may be kept as the cause. */
async function reach(doFetch: () => Promise<Response>): Promise<Response> {
  try {
    return await doFetch();
  } catch (cause) {
    throw new RemitError("unreachable", "the other side cannot be reached", { cause });
  }
}

async function wantsNonce(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false;
  const challenge = response.headers.get("www-authenticate") ?? "";
  if (challenge.includes('error="use_dpop_nonce"')) return true;
  return refusalFrom(response.status, await response.clone().text()).error === "use_dpop_nonce";
}

/** A client assertion (RFC 7523 3) for exactly this issuer, used once; each try carries a new one. */
function assertionOf(options: AgentOptions, now: number): Readonly<Record<string, string>> {
  const { client } = options;
  if (client === undefined) return {};
  const { alg, sign } = signerOf(client.key);
  const iat = Math.floor(now / 1000);
  const header = {
    typ: "client-authentication+jwt",
    alg,
    ...(client.kid === undefined ? {} : { kid: client.kid }),
  };
  const claims = {
    iss: client.id,
    sub: client.id,
    aud: options.issuer,
    jti: randomBytes(16).toString("base64url"),
    iat,
    exp: iat + ASSERTION_SECONDS,
  };
  return {
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: signJws(header, claims, sign),
  };
}

/** The object of a good answer; a refusal is thrown. Members that we do not know are left alone (RFC 6749 5.1). */
export async function goodObject(response: Response): Promise<JsonObject> {
  const text = await response.text();
  if (!response.ok) throw refusalFrom(response.status, text);
  const json = readJson(text);
  if (json.ok && isJsonObject(json.value)) return json.value;
  throw new RemitError("answer_malformed", "the broker's answer is not an object", {
    status: response.status,
  });
}

/** A member that must be a text. */
export function textIn(object: JsonObject, member: string): string {
  const value = object[member];
  if (typeof value === "string" && value !== "") return value;
  throw new RemitError("answer_malformed", `the broker's answer has no \`${member}\``);
}

/** A member that must be a whole number from zero. */
export function countIn(object: JsonObject, member: string): number {
  const value = object[member];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RemitError("answer_malformed", `the broker's answer has no \`${member}\``);
}

/** A member that must be a list. */
export function listIn(object: JsonObject, member: string): readonly Json[] {
  const value = object[member];
  if (Array.isArray(value)) return value;
  throw new RemitError("answer_malformed", `the broker's answer has no \`${member}\``);
}
