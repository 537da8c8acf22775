import type { IncomingMessage } from "node:http";

/**
 * Reads a body whole; undefined as soon as it is larger than `maxBytes`, and then the rest is not kept. Rejects if the
 * request breaks off. Listens to events, because an iterator over a request costs as much as a small signature.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else resolve(undefined);
  });
  request.once("end", () => {
    const [only] = chunks;
    resolve(chunks.length === 1 ? only : Buffer.concat(chunks));
  });
  request.once("error", reject);
  // a request that was cut off ends without either
  request.once("close", () => {
    if (!request.complete) reject(new Error("the request broke off"));
  });
  return promise;
}
