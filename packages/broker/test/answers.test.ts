import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { canonicalJson, signJws } from "@remit/core";
import { signingKey } from "../src/keys/keyring.ts";
import { Answer } from "../src/points/answer.ts";
import { answers } from "../src/points/answers.ts";
import { createChannels } from "../src/points/channels.ts";
import type { PointsDesk } from "../src/points/routes.ts";
import { openStore } from "./support.ts";

test("[points.answers-current] a point's answers count only as long as it is enrolled with that key and right, and what it did not sign ends them", async (t) => {
  const store = await openStore(t);
  const keys = [1, 2].map(() => signingKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey));
  const enrol = async (key = keys[0], may: readonly string[] = ["resolve"]) =>
    store.enrolPoint({
      name: "gw",
      key: canonicalJson({ ...key?.jwk }),
      serves: "connected",
      may,
      by: "configuration",
    });
  const line = (key = keys[0]): string => {
    const payload = { none: true, nonce: "a nonce of nobody", at: Date.now() };
    return `${signJws({ typ: "remit-resolved+jwt", alg: "ES256" }, payload, (input) => key?.sign(input) ?? new Uint8Array())}\n`;
  };
  // the two parts of the desk that this route works with, as they are
  const desk = { store, channels: createChannels() } as unknown as PointsDesk;
  const server = createServer((asked, response) => {
    const point = store.read.points()[0];
    if (point === undefined) return void response.writeHead(401).end();
    answers({ point, request: asked } as Parameters<typeof answers>[0], desk).then(
      () => response.writeHead(200).end(),
      (error: unknown) => response.writeHead(error instanceof Answer ? error.status : 500).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  /** Sends lines up one request; what `between` does happens when the first has arrived. */
  const told = async (first: string, between: () => Promise<unknown>, second: string): Promise<number | undefined> => {
    const { port } = server.address() as AddressInfo;
    const arrived = once(server, "request");
    const sent = request({ port, host: "127.0.0.1", method: "POST" });
    const answered = once(sent, "response");
    sent.write(first);
    await arrived;
    await between();
    sent.end(second);
    const [response] = (await answered) as [{ statusCode?: number; resume(): void }];
    response.resume();
    return response.statusCode;
  };
  const nothing = async (): Promise<void> => undefined;
  await enrol();
  assert.equal(await told(line(), nothing, line()), 200);
  assert.equal(await told(line(), nothing, line(keys[1])), 400, "signed by another key");
  assert.equal(await told(line(), nothing, "x".repeat(20_000)), 400, "longer than any answer");
  assert.equal(await told(line(), nothing, line().trimEnd()), 400, "cut off");
  assert.equal(await told(line(), async () => enrol(keys[1]), line()), 401, "enrolled with another key meanwhile");
  await enrol();
  assert.equal(await told(line(), async () => enrol(keys[0], ["feed"]), line()), 401, "without the right meanwhile");
});
