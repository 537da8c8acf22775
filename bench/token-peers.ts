import { generateKeyPairSync } from "node:crypto";
import { makeDpopKey } from "@remit/sdk";
import { Pool } from "undici";
import { selfSigned } from "../packages/sdk/test/support/certificate.ts";
import type { World } from "../examples/ticket/src/story/world.ts";
import { createTokenLoad, publicOf } from "./load.ts";
import { cpuPerOperation, type Measured, spread } from "./measure.ts";
import { startPeer } from "./stage.ts";

const SIZE = { warm: 4_000, count: 2_000, windows: 5 };
const WIDTH = 16;

/** A bare POST of a form of 1.4 kB on `node:http`, answered with JSON. */
export async function measureFloor(say: (line: string) => void): Promise<number> {
  say("measuring a bare POST …");
  return measurePost(await startPeer(["floor"]), {});
}

/** A bare POST on `node:https` with mutual TLS: what a point's answer to a question of the broker is carried by. */
export async function measureTls(say: (line: string) => void): Promise<number> {
  say("measuring a bare POST over mutual TLS …");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const cert = selfSigned(privateKey, "bench");
  const peer = await startPeer(["tls"], { BENCH_TLS: JSON.stringify({ key, cert }) });
  return measurePost(peer, { key, cert, rejectUnauthorized: false });
}

async function measurePost(peer: Awaited<ReturnType<typeof startPeer>>, connect: object): Promise<number> {
  const body = new URLSearchParams({ form: "x".repeat(1_400) }).toString();
  const pool = new Pool(peer.url, { connections: WIDTH, pipelining: 1, connect });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const post = async (): Promise<void> => {
    const response = await pool.request({ method: "POST", path: "/", headers, body });
    await response.body.arrayBuffer();
  };
  const { median } = await cpuPerOperation(peer.pid, async (count) => spread(count, WIDTH, post), SIZE);
  await pool.close();
  peer.stop();
  return median;
}

/** npm's oidc-provider: client assertion, subject token, DPoP, a signed token; nothing is written. */
export async function measureOidc(
  world: World,
  key: ReturnType<typeof makeDpopKey>,
  subjectTokens: readonly string[],
  say: (line: string) => void,
): Promise<Measured> {
  say("measuring oidc-provider …");
  const peer = await startPeer(["oidc"], {
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
  const measured = await cpuPerOperation(peer.pid, async (count) => spread(count, WIDTH, one), {
    warm: 4_000,
    count: 1_000,
    windows: 5,
  });
  await load.close();
  peer.stop();
  return measured;
}
