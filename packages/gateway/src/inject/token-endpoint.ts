import { isJsonObject, type Json, type JsonObject, readJson, Secret } from "@remit/core";
import { Pool } from "undici";
import { guardedConnector } from "../upstream/guarded-connector.ts";
import { abandon, readBounded } from "../upstream/read-bounded.ts";
import { InjectionFault } from "./injection-fault.ts";
import type { Obtained } from "./renewal.ts";

/** What a token endpoint gave. */
export interface Granted extends Obtained {
  /** The refresh token that takes the place of the one that was sent (RFC 6749 6). */
  readonly refreshToken: Secret<string> | undefined;
}

export interface TokenEndpointOptions {
  readonly url: string;
  readonly loopbackOnly: boolean;
  readonly timeoutMs: number;
}

/** One token endpoint, asked as an upstream is: checked addresses, no redirects, no cookies, bounded answers. */
export interface TokenEndpoint {
  /** Asks for a token; whatever is not one rejects with an `InjectionFault`. */
  ask(form: Secret<Readonly<Record<string, string>>>, authorization: Secret<string> | undefined): Promise<Granted>;
  close(): Promise<void>;
}

const MAX_ANSWER = 65_536;

export function openTokenEndpoint({ url, loopbackOnly, timeoutMs }: TokenEndpointOptions): TokenEndpoint {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, {
    connect: guardedConnector(loopbackOnly),
    connections: 1,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    async ask(form, authorization) {
      try {
        const { statusCode, headers, body } = await pool.request({
          method: "POST",
          path: pathname,
          headers: {
            accept: "application/json",
            "accept-encoding": "identity",
            "user-agent": "remit-gateway",
            "content-type": "application/x-www-form-urlencoded",
            ...(authorization === undefined ? {} : { authorization: authorization.reveal() }),
          },
          body: new URLSearchParams(form.reveal()).toString(),
          signal: AbortSignal.timeout(timeoutMs),
        });
        const encoding = headers["content-encoding"];
        if (encoding !== undefined && encoding !== "identity") {
          abandon(body);
          throw new InjectionFault("the token endpoint's answer is encoded in a way that was not asked for");
        }
        const bytes = await readBounded(body, MAX_ANSWER, performance.now() + timeoutMs);
        const json = jsonOf(String(headers["content-type"] ?? ""), bytes);
        return statusCode === 200 ? granted(json) : refused(statusCode, json, headers["retry-after"]);
      } catch (error) {
        if (error instanceof InjectionFault) throw error;
        // the cause is left out: it may quote what was sent or answered
        throw new InjectionFault("the token endpoint gave no usable answer");
      }
    },
    close: async () => pool.destroy(),
  };
}

function jsonOf(contentType: string, bytes: Uint8Array): JsonObject | undefined {
  const json = /^application\/json(?: *;|$)/i.test(contentType) ? readJson(bytes) : undefined;
  return json?.ok === true && isJsonObject(json.value) ? json.value : undefined;
}

const TOKEN = /^[\u0021-\u007e]{6,16384}$/;
const MAX_LIFE_S = 86_400;

/** RFC 6749 5.1. */
function granted(json: JsonObject | undefined): Granted {
  const no = (what: string): InjectionFault => new InjectionFault(`the token endpoint answered ${what}`);
  if (json === undefined) throw no("something that is not a JSON object with one reading");
  const { access_token: access, token_type: type, expires_in: expires, refresh_token: refresh } = json;
  if (typeof access !== "string" || !TOKEN.test(access)) throw no("without an access token that can be sent");
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") throw no("with another token type than Bearer");
  if (refresh !== undefined && (typeof refresh !== "string" || !TOKEN.test(refresh)))
    throw no("with a refresh token that cannot be sent");
  const life = lifeOf(expires);
  if (life === "odd") throw no("with a lifetime that is no number of seconds");
  return {
    accessToken: new Secret(access),
    refreshToken: refresh === undefined ? undefined : new Secret(refresh),
    lifeMs: life === undefined ? undefined : Math.min(life, MAX_LIFE_S) * 1_000,
  };
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
