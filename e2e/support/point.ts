import { generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { signJws } from "@remit/core";
import { createPointChannel, type PointChannel, publicJwk, signerOf } from "@remit/sdk";
import { callSocket } from "../../packages/cli/src/unix-http.ts";
import { type Answer, makeHttpsAgent, readAll, send } from "../../packages/sdk/src/point/https.ts";
import { selfSigned } from "../../packages/sdk/test/support/certificate.ts";
import type { World } from "../world.ts";

/** An enforcement point of the test's own, enrolled as any other is. */
export interface OwnPoint {
  readonly key: KeyObject;
  readonly channel: PointChannel;
  /** Posts to the points listener as it is, and returns status and text. */
  post(path: string, json: unknown): Promise<Answer>;
  /** As `post`, of a text that need not be JSON. */
  postText(path: string, text: string): Promise<Answer>;
  close(): void;
}

/** Asks the owner's socket for a one-time handle. */
export async function bootHandle(data: string, body: Readonly<Record<string, string>>): Promise<string> {
  const socket = join(data, "broker", "admin.sock");
  const { status, text } = await callSocket(socket, { method: "POST", path: "/admin/points", body });
  if (status !== 200) throw new Error(`no handle: ${status} ${text}`);
  return (JSON.parse(text) as { boot: string }).boot;
}

export const newPointKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** The body of an enrolment: the handle, and a proof by a key that is about this handle. */
export function enrolment(issuer: string, handle: string, point: string, key: KeyObject): Record<string, unknown> {
  const { alg, sign } = signerOf(key);
  const about = { iss: issuer, handle_hash: hash("sha256", handle, "base64url"), iat: Math.floor(Date.now() / 1000) };
  return { handle, point, key: publicJwk(key), proof: signJws({ typ: "remit-enrol+jwt", alg }, about, sign) };
}

export async function ownPoint(world: World, name: string): Promise<OwnPoint> {
  const { issuer, broker, points, pin } = world.remit;
  const key = newPointKey();
  const handle = await bootHandle(world.data, { point: name });
  const enrolled = await fetch(`${broker}${new URL(issuer).pathname}/enrol`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(enrolment(issuer, handle, name, key)),
  });
  if (!enrolled.ok) throw new Error(`not enrolled: ${await enrolled.text()}`);
  const certificate = selfSigned(key, "a point of a test");
  const pem = key.export({ format: "pem", type: "pkcs8" }).toString();
  const agent = makeHttpsAgent({ key: pem, cert: certificate, server: undefined });
  const channel = createPointChannel({ pointsUrl: points, issuer, pin, key, certificate });
  const postText = async (path: string, json: string): Promise<Answer> =>
    readAll(await send({ agent, url: new URL(path, points), method: "POST", json }), 1_000_000);
  return {
    ...{ key, channel },
    post: async (path, json) => postText(path, JSON.stringify(json)),
    postText,
    close() {
      channel.close();
      agent.destroy();
    },
  };
}
