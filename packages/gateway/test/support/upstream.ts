import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it reached the upstream, byte for byte where HTTP allows it. */
export interface Reached {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** An upstream that writes down what reaches it, and answers as a ticket desk unless a test says otherwise. */
export interface TestUpstream {
  readonly origin: string;
  readonly reached: Reached[];
  /** Answers a request itself and says true, or leaves it to the desk. */
  answer: (request: Reached, response: ServerResponse) => boolean | Promise<boolean>;
  close(): Promise<void>;
}

export const ISSUE_ANSWER = {
  id: "10442",
  key: "PROJ-42",
  self: "https://desk.example/rest/api/3/issue/10442",
  expand: "changelog",
  fields: {
    summary: "Login fails",
    status: { id: "1", name: "Open", self: "https://desk.example/status/1" },
    priority: { id: "3", name: "Low", iconUrl: "https://desk.example/low.svg" },
    description: "UNGRANTED description",
    assignee: { accountId: "UNGRANTED" },
    parent: { key: "PROJ-1", fields: { summary: "UNGRANTED parent" } },
  },
  changelog: { histories: [{ items: [{ fromString: "UNGRANTED old" }] }] },
  renderedFields: { summary: "UNGRANTED <b>html</b>" },
};

export const MOVES_ANSWER = {
  transitions: [
    { id: "31", name: "Review", to: { id: "3", name: "In Review" } },
    { id: "41", name: "Finish", to: { id: "4", name: "Done" } },
  ],
};

export function sendJson(response: ServerResponse, status: number, body: unknown): true {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}

function desk({ method, url }: Reached, response: ServerResponse): void {
  const path = url.split("?")[0] ?? "";
  if (method === "GET" && path === "/rest/api/3/issue/10442") sendJson(response, 200, ISSUE_ANSWER);
  else if (method === "GET" && path === "/rest/api/3/issue/PROJ-42") sendJson(response, 200, ISSUE_ANSWER);
  else if (method === "GET" && path === "/rest/api/3/issue/10442/transitions") sendJson(response, 200, MOVES_ANSWER);
  else if (path.startsWith("/rest/api/3/issue/10442")) response.writeHead(204).end();
  else sendJson(response, 404, { errorMessages: ["Issue does not exist"], errors: {} });
}

export async function openUpstreamServer(): Promise<TestUpstream> {
  const reached: Reached[] = [];
  const answering = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = "", url = "", rawHeaders } = request;
    const seen = { method, url, rawHeaders, body: Buffer.concat(chunks).toString() };
    reached.push(seen);
    if (!(await upstream.answer(seen, response))) desk(seen, response);
  };
  const server = createServer((request, response) => void answering(request, response));
  const upstream: TestUpstream = {
    origin: "",
    reached,
    answer: () => false,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // a TCP listener's address is an object
  const { port } = server.address() as AddressInfo;
  return Object.assign(upstream, { origin: `http://127.0.0.1:${port}` });
}
