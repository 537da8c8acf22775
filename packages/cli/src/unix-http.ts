import { request } from "node:http";
import { CommandError } from "./exit.ts";

/** One JSON call over a unix socket that only this user can open. */
export async function callSocket(
  socketPath: string,
  call: {
    readonly method: "GET" | "POST" | "DELETE";
    readonly path: string;
    readonly body?: unknown;
  },
): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request(
    { socketPath, method: call.method, path: call.path, headers: headersOf(call.body) },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    },
  );
  sent.on("error", (cause) => {
    reject(
      new CommandError("error", `cannot reach \`${socketPath}\``, {
        fix: "is `remit up` running on this data folder, as this user?",
        cause,
      }),
    );
  });
  sent.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  return promise;
}

const headersOf = (body: unknown): Record<string, string> => ({
  host: "localhost",
  accept: "application/json",
  ...(body === undefined ? {} : { "content-type": "application/json" }),
});
