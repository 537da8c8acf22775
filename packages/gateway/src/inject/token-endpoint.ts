import { isJsonObject, type JsonObject, readJson, type Secret } from "@remit/core";
import { Pool } from "undici";
import { guardedConnector } from "../upstream/guarded-connector.ts";
import { abandon, readBounded } from "../upstream/read-bounded.ts";
import { InjectionFault } from "./injection-fault.ts";
import type { Granted, ReadAnswer } from "./token-answer.ts";

export interface TokenEndpointOptions {
  readonly url: string;
  readonly loopbackOnly: boolean;
  readonly timeoutMs: number;
}

/** One token endpoint, asked as an upstream is: checked addresses, no redirects, no cookies, bounded answers. */
export interface TokenEndpoint {
  /** Asks for a token; whatever is not one rejects with an `InjectionFault`. */
  ask(
    form: Secret<Readonly<Record<string, string>>> | undefined,
    authorization: Secret<string> | undefined,
    readAnswer: ReadAnswer,
  ): Promise<Granted>;
  close(): Promise<void>;
}

const MAX_ANSWER = 65_536;

export function openTokenEndpoint({ url, loopbackOnly, timeoutMs }: TokenEndpointOptions): TokenEndpoint {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, {
    connect: guardedConnector(loopbackOnly),
    connections: 1,
    pipelining: 1,
  });
  return {
    async ask(form, authorization, readAnswer) {
      try {
        const { statusCode, headers, body } = await pool.request({
          method: "POST",
          path: pathname,
          headers: {
            accept: "application/json",
            "accept-encoding": "identity",
            "user-agent": "remit-gateway",
            ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
            ...(authorization === undefined ? {} : { authorization: authorization.reveal() }),
          },
          body: form === undefined ? null : new URLSearchParams(form.reveal()).toString(),
          // one time for all of it: connecting, the head and the body
          signal: AbortSignal.timeout(timeoutMs),
        });
        const encoding = headers["content-encoding"];
        if (encoding !== undefined && encoding !== "identity") {
          abandon(body);
          throw new InjectionFault("the token endpoint's answer is encoded in a way that was not asked for");
        }
        const bytes = await readBounded(body, MAX_ANSWER, performance.now() + timeoutMs);
        const json = jsonOf(String(headers["content-type"] ?? ""), bytes);
        return readAnswer({ status: statusCode, json, retryAfter: headers["retry-after"] });
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
