import { randomUUID } from "node:crypto";
import { Secret, signJws } from "@remit/core";
import { dpopProof, type makeDpopKey, signerOf } from "@remit/sdk";
import { authorize } from "../../packages/cli/src/login/authorize.ts";
import { loginAs } from "../../examples/ticket/src/idp/login-as.ts";
import type { World } from "../world.ts";

export type Key = ReturnType<typeof makeDpopKey>;
export type Form = Readonly<Record<string, string>>;

/** One request, with a proof by `key` where there is one. */
export interface Asked {
  readonly url: string;
  readonly method?: string;
  readonly form?: Form;
  /** A form as it is sent. */
  readonly text?: string;
  readonly json?: unknown;
  readonly authorization?: string;
  readonly key?: Key;
  /** What the proof's `ath` is of. */
  readonly token?: string;
  /** Goes into the header instead of a proof. */
  readonly dpop?: string;
}

/** What came back: the standard's error and our code, where there are any. */
export interface Told {
  readonly status: number;
  readonly error: string | undefined;
  readonly code: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sends requests to one server and takes the nonces that it gives. */
export function createAsker(): (asked: Asked) => Promise<Told> {
  const nonces = new Map<string, string>();
  const once = async (asked: Asked): Promise<Told> => {
    const {
      url,
      key,
      token,
      dpop,
      authorization,
      method = asked.form || asked.json || asked.text ? "POST" : "GET",
    } = asked;
    const { origin } = new URL(url);
    const accessToken = token === undefined ? undefined : new Secret(token);
    const nonce = nonces.get(origin);
    const proof =
      dpop ?? (key === undefined ? undefined : dpopProof({ key, method, url, nonce, now: Date.now(), accessToken }));
    const form = asked.form === undefined ? asked.text : new URLSearchParams(asked.form).toString();
    const body = form ?? asked.json;
    const response = await fetch(url, {
      method,
      headers: {
        ...(proof === undefined ? {} : { dpop: proof }),
        ...(authorization === undefined ? {} : { authorization }),
        ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        ...(asked.json === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    nonces.set(origin, response.headers.get("dpop-nonce") ?? nonce ?? "");
    return readTold(response.status, await response.text());
  };
  return async (asked) => {
    const first = await once(asked);
    return first.error === "use_dpop_nonce" && asked.dpop === undefined ? once(asked) : first;
  };
}

function readTold(status: number, text: string): Told {
  const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  const { error, code, remit } = body as { error?: string; code?: string; remit?: { code: string } };
  return { status, error, code: remit?.code ?? code, body };
}

/** The address of an endpoint below the issuer. */
export const at = (world: World, path: string): string =>
  world.remit.broker + new URL(world.remit.issuer).pathname + path;

export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const RENEW = "urn:remit:params:oauth:grant-type:renew";
export const START = "urn:remit:params:oauth:grant-type:start";
export const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
export const SESSION = "urn:remit:params:oauth:token-type:session";
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A client assertion of the client that has a key of its own. */
export function botAssertion(world: World): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "triage-bot", sub: "triage-bot", aud: world.remit.issuer, iat: now, exp: now + 60 };
  return signJws({ alg: "ES256" }, { ...claims, jti: randomUUID() }, signerOf(world.botKey).sign);
}

export const asBot = (world: World, assertion = botAssertion(world)): Form => ({
  client_assertion_type: JWT_BEARER,
  client_assertion: assertion,
});

/** A good exchange by that client, but for what is changed. */
export const exchangeForm = (world: World, subjectToken: string, more: Form = {}): Form => ({
  ...{ grant_type: EXCHANGE, subject_token: subjectToken, subject_token_type: tokenType("id_token") },
  resource: `${world.remit.gateway}/r/jira-acme`,
  authorization_details: JSON.stringify([{ type: "jira-acme.issue", alias: "PROJ-42" }]),
  ...asBot(world),
  ...more,
});

/** A fresh ID token of Dana's for that client. */
export const idToken = async (world: World): Promise<string> =>
  authorize({ issuer: world.idp, clientId: "triage-bot" }, (page) => void loginAs(page.href, "dana"));
