import { UpstreamFault } from "./fault.ts";

interface Abandonable {
  on(event: "error", listener: (error: Error) => void): unknown;
  destroy(): unknown;
}

/** A body as it comes, in pieces. */
export interface Body extends Abandonable {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
}

/** Stops reading an answer; what its stream says about that concerns nobody. */
export function abandon(body: Abandonable): void {
  body.on("error", () => undefined);
  body.destroy();
}

/** Reads a body within its size and, as a whole, within its time: one byte every second is not an answer. */
export async function readBounded(body: Body, maxBytes: number, until: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let size = 0;
  const give = (up: string): void => {
    reject(new UpstreamFault(up, true, true));
    abandon(body);
  };
  body.on("data", (chunk) => {
    size += chunk.length;
    if (size > maxBytes) give("the answer is larger than the operation allows");
    else if (performance.now() > until) give("the answer takes too long");
    else chunks.push(chunk);
  });
  let whole = false;
  body.on("end", () => {
    whole = true;
    const [only] = chunks;
    resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
  });
  body.on("error", reject);
  // an answer that was cut off ends without either
  body.on("close", () => {
    if (!whole) reject(new UpstreamFault("no answer", true, true));
  });
  return promise;
}
