import { type Json, type JsonObject, Secret } from "@remit/core";
import { InjectionFault } from "./injection-fault.ts";
import type { Obtained } from "./renewal.ts";

/** What a token endpoint gave. */
export interface Granted extends Obtained {
  /** The refresh token that takes the place of the one that was sent (RFC 6749 6). */
  readonly refreshToken: Secret<string> | undefined;
}

/** An answer as it came; `json` is absent where it is no JSON object with one reading. */
export interface TokenAnswer {
  readonly status: number;
  readonly json: JsonObject | undefined;
  readonly retryAfter: string | string[] | undefined;
}

/** Reads an answer, or throws an `InjectionFault` that quotes nothing of it. */
export type ReadAnswer = (answer: TokenAnswer) => Granted;

const TOKEN = /^[\u0021-\u007e]{6,16384}$/;
const MAX_LIFE_S = 86_400;

const no = (what: string): InjectionFault => new InjectionFault(`the token endpoint answered ${what}`);
const isToken = (value: Json | undefined): value is string => typeof value === "string" && TOKEN.test(value);

/** The answer of an OAuth token endpoint (RFC 6749 5.1). */
export const readTokenAnswer: ReadAnswer = (answer) => {
  const json = goodIn(answer, 200);
  const { access_token: access, token_type: type, expires_in: expires, refresh_token: refresh } = json;
  if (!isToken(access)) throw no("without an access token that can be sent");
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") throw no("with another token type than Bearer");
  if (refresh !== undefined && !isToken(refresh)) throw no("with a refresh token that cannot be sent");
  const life = lifeOf(expires);
  if (life === "odd") throw no("with a lifetime that is no number of seconds");
  return {
    accessToken: new Secret(access),
    refreshToken: refresh === undefined ? undefined : new Secret(refresh),
    lifeMs: life === undefined ? undefined : Math.min(life, MAX_LIFE_S) * 1_000,
  };
};

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** What GitHub answers where an app asks for an installation's token. */
export const readInstallationAnswer: ReadAnswer = (answer) => {
  const { token, expires_at: end } = goodIn(answer, 201);
  if (!isToken(token)) throw no("without a token that can be sent");
  if (typeof end !== "string" || !MOMENT.test(end)) throw no("without the moment of its end");
  const life = Math.max(0, Date.parse(end) - Date.now());
  return { accessToken: new Secret(token), refreshToken: undefined, lifeMs: Math.min(life, MAX_LIFE_S * 1_000) };
};

function goodIn({ status, json, retryAfter }: TokenAnswer, good: number): JsonObject {
  if (status !== good) refused(status, json, retryAfter);
  if (json === undefined) throw no("something that is not a JSON object with one reading");
  return json;
}

/** A number of seconds; some servers write it as text. */
function lifeOf(expires: Json | undefined): number | undefined | "odd" {
  if (expires === undefined) return undefined;
  const seconds = typeof expires === "string" && /^[0-9]{1,9}$/.test(expires) ? Number(expires) : expires;
  return typeof seconds === "number" && Number.isInteger(seconds) && seconds >= 0 ? seconds : "odd";
}

/** Errors of RFC 6749 5.2. Those of the first list stay until somebody connects anew. */
const LASTING = ["invalid_grant", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];
const ERRORS = [...LASTING, "invalid_request", "temporarily_unavailable", "server_error"];
const LASTING_WAIT_MS = 60_000;
const MAX_RETRY_AFTER_S = 300;

/** Only names that are known are repeated: an error's text is the other side's, and may hold what we sent. */
function refused(status: number, json: JsonObject | undefined, retryAfter: string | string[] | undefined): never {
  const error = ERRORS.find((one) => one === json?.["error"]);
  const lasting = error !== undefined && LASTING.includes(error) ? LASTING_WAIT_MS : 0;
  const told = typeof retryAfter === "string" && /^[0-9]{1,6}$/.test(retryAfter) ? Number(retryAfter) : 0;
  const wait = Math.max(lasting, Math.min(told, MAX_RETRY_AFTER_S) * 1_000);
  throw new InjectionFault(`the token endpoint refused (${status}${error === undefined ? "" : `, ${error}`})`, wait);
}
