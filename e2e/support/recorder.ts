import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A request as it reached the API. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Stands before an API, passes everything on, and keeps what was asked. */
export async function startRecorder(
  api: string,
): Promise<{ readonly origin: string; readonly requests: readonly Recorded[] } & AsyncDisposable> {
  const requests: Recorded[] = [];
  const server = createServer((request, response) => void passOn(request, response));
  const passOn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks).toString("utf8");
    const { method = "", url = "", headers } = request;
    requests.push({ method, path: url, headers, body });
    const { authorization = "", "if-match": ifMatch } = headers;
    const answer = await fetch(`${api}${url}`, {
      method,
      headers: { authorization, ...(ifMatch === undefined ? {} : { "if-match": ifMatch }) },
      ...(body === "" ? {} : { body }),
    });
    const { "content-type": type, etag } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, {
      ...(type === undefined ? {} : { "content-type": type }),
      ...(etag === undefined ? {} : { etag }),
    });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
