import type { Server } from "node:net";

/** Prints the ready line of a peer and returns its port. */
export function said(server: Server, more: Readonly<Record<string, unknown>> = {}): number {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}`, pid: process.pid, ...more })}\n`);
  return port;
}
