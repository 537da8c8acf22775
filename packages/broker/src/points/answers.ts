import { Answer, malformed } from "./answer.ts";
import type { Asked, PointsDesk } from "./routes.ts";

/** Longer than any answer of a point that is read. */
const MAX_LINE = 16_384;
const NEWLINE = 0x0a;

/**
 * Takes a point's answers, a signed line each, for as long as it sends them. Late ones are passed over. Whatever else it
 * sends ends the request and is not kept, and so does a change of the point: each line is judged by what it is now.
 */
export async function answers({ point, request }: Asked, { channels, store }: PointsDesk): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const mayAnswer = (): boolean =>
    store.read
      .points()
      .some(
        ({ point: id, key, live, may }) => id === point.point && key === point.key && live && may.includes("resolve"),
      );
  const faultOf = (line: string): Answer | undefined => {
    if (!mayAnswer()) return new Answer(401, { error: "not_enrolled" });
    return channels.answer(point, line) === "not_an_answer" ? malformed() : undefined;
  };
  let rest: Buffer = Buffer.alloc(0);
  let over = false;
  const refuseAll = (fault: Answer): void => {
    over = true;
    rest = Buffer.alloc(0);
    reject(fault);
  };
  request.on("data", (chunk: Buffer) => {
    if (over) return;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      const fault = faultOf(rest.subarray(0, end).toString("latin1"));
      if (fault !== undefined) return refuseAll(fault);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > MAX_LINE) refuseAll(malformed());
  });
  request.once("end", () => (rest.length === 0 ? resolve({}) : reject(malformed())));
  request.once("error", reject);
  request.once("close", () => {
    if (!request.complete) resolve({});
  });
  return promise;
}
