import { once } from "node:events";
import { connect } from "node:net";

/** Sends bytes as they are, for requests that no client library would send, and returns the answer's status and body. */
export async function sendRaw(
  base: string,
  lines: readonly string[],
): Promise<{ readonly status: number; readonly body: string }> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end(`${lines.join("\r\n")}\r\n\r\n`);
  await once(socket, "close");
  const text = Buffer.concat(chunks).toString("utf8");
  const [head = "", ...rest] = text.split("\r\n\r\n");
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? "0"),
    body: rest.join("\r\n\r\n"),
  };
}
