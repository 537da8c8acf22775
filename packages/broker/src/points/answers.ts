import { Answer, malformed } from "./answer.ts";
import type { Asked, PointsDesk } from "./routes.ts";

/** Longer than any answer of a point that is read. */
const MAX_LINE = 16_384;
const NEWLINE = 0x0a;

/**
 * Takes a point's answers, a signed line each, for as long as it sends them. Late ones are passed over; whatever else it
 * sends ends the request, and a point that was revoked meanwhile is not listened to.
 */
export async function answers({ point, request }: Asked, { channels, store }: PointsDesk): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const isLive = (): boolean => store.read.points().some(({ point: id, live }) => id === point.point && live);
  let rest: Buffer = Buffer.alloc(0);
  request.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      const line = rest.subarray(0, end).toString("latin1");
      rest = rest.subarray(end + 1);
      if (!isLive()) return reject(new Answer(401, { error: "not_enrolled" }));
      if (channels.answer(point, line) === "not_an_answer") return reject(malformed());
    }
    if (rest.length > MAX_LINE) reject(malformed());
  });
  request.once("end", () => (rest.length === 0 ? resolve({}) : reject(malformed())));
  request.once("error", reject);
  request.once("close", () => {
    if (!request.complete) resolve({});
  });
  return promise;
}
