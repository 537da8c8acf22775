import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Broker } from "../broker.ts";
import { createAdmin } from "./app.ts";
import type { Caller } from "./caller.ts";

/** Answers one admin request of a caller who is known, with a body that was read. */
export type AdminRun = (
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
  body: Uint8Array,
) => Promise<void>;

/** Puts the admin API behind Node's own requests and responses. */
export function createAdminRun(broker: Broker, fault: (error: unknown) => void): AdminRun {
  const app = createAdmin(broker);
  return async (request, response, caller, body) => {
    const listener = getRequestListener(
      async (asked) => {
        const { method, url, headers } = asked;
        const whole = new Request(url, {
          method,
          headers,
          ...(method === "GET" || body.length === 0 ? {} : { body: Buffer.from(body) }),
        });
        return app.fetch(whole, { caller });
      },
      { errorHandler: (error) => (fault(error), new Response(null, { status: 500 })) },
    );
    await listener(request, response);
  };
}
