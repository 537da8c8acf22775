import { randomUUID } from "node:crypto";
import { makeDpopKey } from "@remit/sdk";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import type { World } from "../examples/ticket/src/story/world.ts";
import { createTokenLoad } from "./load.ts";
import { type Contender, cpuInTurns, type Measured, type Row, rowOf, spread } from "./measure.ts";
import type { Work } from "./peers/work.ts";
import { openOidc, openRaw } from "./token-peers.ts";

const SIZE = { warm: 4_000, count: 500, windows: 7 };
const QUICK = { warm: 4_000, count: 1_500, windows: 5 };
/** One ID token begins at most a thousand tasks. */
const ID_TOKENS = 10;
const WIDTH = 16;
/** Task, grant, two proofs spent once, the answer kept for a retry, the count of a limit. */
const EXCHANGE_ROWS = 6;
/** The gateway's signed answer about the record is as much a part of it as the three proofs of the request. */
const EXCHANGE_WORK: Work = { verify: 4, sign: 1, rows: EXCHANGE_ROWS, json: 2, hash: 1, tls: { key: "", cert: "" } };

/** What the later parts need of the token part. */
export interface TokenPart {
  readonly rows: readonly Row[];
  readonly token: string;
  readonly key: ReturnType<typeof makeDpopKey>;
}

/** Exchange, renewal and introspection at the broker, beside their primitives and npm's oidc-provider. */
export async function measureTokens(world: World, say: (line: string) => void): Promise<TokenPart> {
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
  const ours = (one: () => Promise<void>, between?: () => Promise<void>): Contender => ({
    pid: pids.broker,
    run: async (count) => spread(count, WIDTH, one),
    ...(between === undefined ? {} : { between }),
  });
  say("measuring exchange, its primitives and oidc-provider in turns …");
  const bare = await openRaw(EXCHANGE_WORK);
  const peer = await openOidc(world, key, subjectTokens);
  const [exchanged, rawExchange, oidc] = await cpuInTurns([ours(beginOne, endAll), bare, peer], SIZE);
  await Promise.all([bare.close(), peer.close()]);
  say("measuring renewal and its primitives in turns …");
  const held = await exchange();
  const renewForm = { grant_type: "urn:remit:params:oauth:grant-type:renew", grant: String(held["grant"]) };
  let token = "";
  const renewOne = async (): Promise<void> => {
    const { access_token } = await load.post(`${path}/token`, renewForm, false);
    token = String(access_token);
  };
  const [renewed, rawRenew] = await beside(ours(renewOne), { verify: 1, sign: 1, rows: 1, json: 1 });
  say("measuring introspection and its primitives in turns …");
  const introspectOne = async (): Promise<void> => void (await load.post(`${path}/introspect`, { token }, true));
  const [introspected, rawIntrospect] = await beside(ours(introspectOne), { verify: 2, json: 1 });
  // the next part calls with it, within its two minutes
  await renewOne();
  await load.close();
  const rows = [
    rowOf("exchange / primitives", exchanged, rawExchange.median, 1.2),
    rowOf("exchange / oidc-provider (subject token by jose, in memory)", exchanged, oidc.median, 0.55),
    rowOf("renew / primitives", renewed, rawRenew.median, 1.25),
    rowOf("renew / exchange", renewed, exchanged.median, 0.4),
    rowOf("introspect / primitives", introspected, rawIntrospect.median, 1.25),
  ];
  return { rows, token, key };
}

/** Measures an operation of ours and its primitives in turns. */
async function beside(one: Contender, work: Work): Promise<readonly [Measured, Measured]> {
  const raw = await openRaw(work);
  const measured = await cpuInTurns([one, raw], QUICK);
  await raw.close();
  return measured;
}

const exchangeForm = (subjectToken: string, resource: string): Readonly<Record<string, string>> => ({
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  subject_token: subjectToken,
  subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  resource,
  authorization_details: JSON.stringify([{ type: "jira-acme.issue", alias: "PROJ-42" }]),
  purpose: randomUUID(),
});
