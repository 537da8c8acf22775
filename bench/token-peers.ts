import { generateKeyPairSync } from "node:crypto";
import type { makeDpopKey } from "@remit/sdk";
import { Pool } from "undici";
import { selfSigned } from "../packages/sdk/test/support/certificate.ts";
import type { World } from "../examples/ticket/src/story/world.ts";
import { createTokenLoad, publicOf } from "./load.ts";
import { type Contender, spread } from "./measure.ts";
import type { Work } from "./peers/work.ts";
import { startPeer } from "./stage.ts";

const WIDTH = 16;

/** A peer that runs until it is closed. */
export interface Peer extends Contender {
  close(): Promise<void>;
}

/**
 * The raw operations of one call in one bare server. They are run together because alone they cost less than in any
 * server: caches are warm, and a client that is kept busy is never woken.
 */
export async function openRaw(work: Work): Promise<Peer> {
  const tls = work.tls === undefined ? undefined : certificate();
  const peer = await startPeer("raw", [JSON.stringify(tls === undefined ? work : { ...work, tls })]);
  const form = new URLSearchParams({ form: "x".repeat(1_400) }).toString();
  const pool = new Pool(peer.url, { connections: WIDTH, pipelining: 1 });
  const channel =
    peer.tls === undefined || tls === undefined
      ? undefined
      : new Pool(peer.tls, { connections: WIDTH, pipelining: 1, connect: { ...tls, rejectUnauthorized: false } });
  const json = JSON.stringify({ answer: "x".repeat(700) });
  const once = async (): Promise<void> => {
    await Promise.all([
      post(pool, "application/x-www-form-urlencoded", form),
      channel === undefined ? undefined : post(channel, "application/json", json),
    ]);
  };
  return {
    pid: peer.pid,
    run: async (count) => spread(count, WIDTH, once),
    async close() {
      await Promise.all([pool.close(), channel?.close()]);
      peer.stop();
    },
  };
}

async function post(pool: Pool, type: string, body: string): Promise<void> {
  const response = await pool.request({ method: "POST", path: "/", headers: { "content-type": type }, body });
  await response.body.arrayBuffer();
}

function certificate(): { readonly key: string; readonly cert: string } {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    cert: selfSigned(privateKey, "bench"),
  };
}

/** npm's oidc-provider: client assertion, subject token, DPoP, a signed token; nothing is written. */
export async function openOidc(
  world: World,
  key: ReturnType<typeof makeDpopKey>,
  subjectTokens: readonly string[],
): Promise<Peer> {
  const peer = await startPeer("oidc", [], {
    BENCH_CLIENT: JSON.stringify(publicOf(world.botKey)),
    BENCH_SUBJECT_KEYS: new URL("jwks", `${world.idp}/`).href,
  });
  const load = createTokenLoad({
    origin: peer.url,
    issuer: peer.url,
    client: "bench",
    clientKey: world.botKey,
    htu: (at) => peer.url + at,
    key,
  });
  let next = 0;
  const one = async (): Promise<void> => {
    const subject_token = subjectTokens[next++ % subjectTokens.length] ?? "";
    const form = { grant_type: "client_credentials", resource: "https://bench.example/r", subject_token };
    await load.post("/token", form, true);
  };
  return {
    pid: peer.pid,
    run: async (count) => spread(count, WIDTH, one),
    async close() {
      await load.close();
      peer.stop();
    },
  };
}
