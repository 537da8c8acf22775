import type { Agent } from "node:https";
import { request } from "node:https";
import type { ClientRequest } from "node:http";
import { ChannelError } from "./words.ts";

/** Sends lines up one long request, so that each costs no exchange of its own. */
export interface LineStream {
  /** Settles when the line is handed to the connection; rejects if there is none to be had. */
  send(line: string): Promise<void>;
  close(): void;
}

/** A request is ended before the other side would find that it takes too long; the next line opens another. */
const LIFE_MS = 15_000;

/** Makes a stream of lines to one address; nothing is opened before the first line. */
export function createLineStream(url: URL, agent: () => Promise<Agent>): LineStream {
  let open: { readonly sent: ClientRequest; readonly timer: NodeJS.Timeout } | undefined;
  let opening: Promise<ClientRequest> | undefined;
  const over = (sent: ClientRequest): void => {
    if (open?.sent !== sent) return;
    clearTimeout(open.timer);
    open = undefined;
  };
  const start = async (): Promise<ClientRequest> => {
    const sent = request(url, {
      agent: await agent(),
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
    });
    // the broker has heard enough of this one, for good or ill
    sent.on("response", (response) => {
      over(sent);
      response.resume();
      if (!sent.writableEnded) sent.destroy();
    });
    // whoever waits for what was on its way learns it from the broker's silence; the next line opens another request
    sent.on("error", () => over(sent));
    sent.on("close", () => over(sent));
    const timer = setTimeout(() => {
      over(sent);
      sent.end();
    }, LIFE_MS);
    timer.unref();
    open = { sent, timer };
    return sent;
  };
  return {
    async send(line) {
      const sent = open?.sent ?? (await (opening ??= start().finally(() => (opening = undefined))));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      sent.write(`${line}\n`, (fault) =>
        fault === null || fault === undefined
          ? resolve()
          : reject(new ChannelError("unreachable", "the broker's points listener cannot be reached", { cause: fault })),
      );
      return promise;
    },
    close() {
      open?.sent.destroy();
    },
  };
}
