import { randomUUID } from "node:crypto";
import { makeDpopKey } from "@remit/sdk";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import type { World } from "../examples/ticket/src/story/world.ts";
import { createTokenLoad, publicOf, type TokenLoad } from "./load.ts";
import { cpuPerOperation, type Measured, type Row, rowOf, spread } from "./measure.ts";
import type { Primitives } from "./primitives.ts";
import { startPeer } from "./stage.ts";

const SIZE = { warm: 1_300, count: 450, windows: 5 };
const QUICK = { warm: 4_000, count: 1_500, windows: 5 };
/** One ID token begins at most a thousand tasks. */
const ID_TOKENS = 4;
const WIDTH = 16;

/** What the later parts need of the token part. */
export interface TokenPart {
  readonly rows: readonly Row[];
  readonly token: string;
  readonly key: ReturnType<typeof makeDpopKey>;
  readonly post: number;
}

/** Exchange, renewal and introspection at the broker, beside their primitives and npm's oidc-provider. */
export async function measureTokens(
  world: World,
  primitives: Primitives,
  say: (line: string) => void,
): Promise<TokenPart> {
  const key = makeDpopKey();
  const { broker, issuer, gateway, pids } = world.remit;
  const path = new URL(issuer).pathname;
  const load = createTokenLoad({
    origin: broker,
    issuer,
    client: "triage-bot",
    clientKey: world.botKey,
    htu: (at) => broker + at,
    key,
  });
  const subjectTokens: string[] = [];
  for (let login = 0; login < ID_TOKENS; login++) {
    subjectTokens.push(
      await authorize({ issuer: world.idp, clientId: "triage-bot" }, (url) => void loginAs(url.href, "dana")),
    );
  }
  let next = 0;
  const exchange = async (): Promise<Readonly<Record<string, unknown>>> =>
    load.post(`${path}/token`, exchangeForm(subjectTokens[next++ % ID_TOKENS] ?? "", `${gateway}/r/jira-acme`), true);
  const begun: { readonly task: string; readonly grant: string }[] = [];
  const beginOne = async (): Promise<void> => {
    const { task, grant } = await exchange();
    begun.push({ task: String(task), grant: String(grant) });
  };
  // tasks end, as they do in life; thousands that live at once would measure the counting of them
  const endAll = async (): Promise<void> => {
    await spread(begun.length, WIDTH, async () => {
      const one = begun.pop();
      if (one !== undefined)
        await load.post(`${path}/tasks/${one.task}/end`, { grant: one.grant, how: "complete" }, false);
    });
  };
  const { access_token, grant } = await exchange();
  const [token, held] = [String(access_token), String(grant)];
  say("measuring exchange …");
  const exchanged = await cpuPerOperation(pids.broker, async (count) => spread(count, WIDTH, beginOne), SIZE, endAll);
  say("measuring renewal …");
  const renewForm = { grant_type: "urn:remit:params:oauth:grant-type:renew", grant: held };
  const renewed = await cpuPerOperation(
    pids.broker,
    async (count) => spread(count, WIDTH, async () => void (await load.post(`${path}/token`, renewForm, false))),
    QUICK,
  );
  say("measuring introspection …");
  const introspected = await cpuPerOperation(
    pids.broker,
    async (count) => spread(count, WIDTH, async () => void (await load.post(`${path}/introspect`, { token }, true))),
    QUICK,
  );
  await load.close();
  const floor = await measureFloor(say);
  const oidc = await measureOidc(world, key, say);
  const { sign, verify, row, json, hash } = primitives;
  const exchangeFloor = 3 * verify + sign + row + 2 * json + hash + floor;
  const rows = [
    rowOf("exchange / primitives", exchanged, exchangeFloor, 1.2),
    rowOf("exchange / oidc-provider (client credentials, in memory)", exchanged, oidc.median, 0.55),
    rowOf("renew / primitives", renewed, verify + sign + row + json + floor, 1.25),
    rowOf("introspect / primitives", introspected, 2 * verify + json + floor, 1.25),
  ];
  return { rows, token, key, post: floor };
}

const exchangeForm = (subjectToken: string, resource: string): Readonly<Record<string, string>> => ({
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token: subjectToken,
  subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  resource,
  authorization_details: JSON.stringify([{ type: "jira-acme.issue", alias: "PROJ-42" }]),
  purpose: randomUUID(),
});

async function measureFloor(say: (line: string) => void): Promise<number> {
  say("measuring a bare POST …");
  const peer = await startPeer(["floor"]);
  const body = new URLSearchParams({ form: "x".repeat(1_400) }).toString();
  const post = async (): Promise<void> => {
    const response = await fetch(peer.url, {
      method: "POST",
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    await response.arrayBuffer();
  };
  const { median } = await cpuPerOperation(peer.pid, async (count) => spread(count, WIDTH, post), {
    warm: 2_000,
    count: 2_000,
    windows: 5,
  });
  peer.stop();
  return median;
}

async function measureOidc(
  world: World,
  key: ReturnType<typeof makeDpopKey>,
  say: (line: string) => void,
): Promise<Measured> {
  say("measuring oidc-provider …");
  const peer = await startPeer(["oidc"], { BENCH_CLIENT: JSON.stringify(publicOf(world.botKey)) });
  const load: TokenLoad = createTokenLoad({
    origin: peer.url,
    issuer: peer.url,
    client: "bench",
    clientKey: world.botKey,
    htu: (at) => peer.url + at,
    key,
  });
  const form = { grant_type: "client_credentials", resource: "https://bench.example/r" };
  const measured = await cpuPerOperation(
    peer.pid,
    async (count) => spread(count, WIDTH, async () => void (await load.post("/token", form, true))),
    QUICK,
  );
  await load.close();
  peer.stop();
  return measured;
}
