import { createPrivateKey, type KeyObject, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Secret, signJws } from "@remit/core";
import { createAgent, dpopKeyOf, dpopProof, makeDpopKey, readSuccession, signerOf } from "@remit/sdk";
import { beginDrill } from "../../examples/ticket/src/story/drills.ts";
import { type Endpoint, openEndpoint } from "../../packages/cli/src/run/endpoint.ts";
import type { World } from "../world.ts";
import { at, botAssertion, createAsker, exchangeForm, idToken, type Key } from "./ask.ts";
import type { TestIssuer } from "./issuer.ts";
import { bootHandle, type OwnPoint, ownPoint } from "./point.ts";

/** Every kind of thing that opens or proves something in Remit, each made as it is made in earnest. */
export type Kind =
  | ("id token" | "foreign access token" | "own access token" | "client assertion" | "dpop proof" | "feed batch")
  | ("feed snapshot" | "challenge answer" | "succession" | "resolved answer" | "session handle" | "start handle")
  | ("boot handle" | "run handle" | "unsigned token" | "noise");

export interface Kinds extends AsyncDisposable {
  readonly texts: Readonly<Record<Kind, string>>;
  /** Holds the own access token. */
  readonly holder: Key;
  readonly sessionKey: Key;
  /** The key for which the start handle is. */
  readonly startKey: Key;
  readonly feedKey: KeyObject;
  readonly point: OwnPoint;
  readonly endpoint: Endpoint;
  readonly partner: TestIssuer;
}

/** The point that the boot handle is for. */
export const LATER_POINT = "gw-later";

export async function makeKinds(world: World, partner: TestIssuer): Promise<Kinds> {
  const ask = createAsker();
  const [holder, startKey] = [makeDpopKey(), makeDpopKey()];
  const begun = await ask({ url: at(world, "/token"), form: exchangeForm(world, await idToken(world)), key: holder });
  const own = String(begun.body["access_token"]);
  const { sessionKey, handle: session } = storedSession(world);
  const agentOf = (dpopKey: Key): ReturnType<typeof createAgent> =>
    createAgent({ issuer: world.remit.issuer, base: world.remit.broker, dpopKey });
  const { start } = await agentOf(sessionKey).beginTask(new Secret(session), {
    resource: "jira-acme",
    authorizationDetails: [{ type: "jira-acme.issue", alias: "PROJ-42" }],
    jkt: startKey.jkt,
  });
  // something must have ended for the feed to say something; the endpoint's own task goes on
  await (await beginDrill(world)).agent.complete();
  const endpoint = await openEndpoint(`${world.remit.gateway}/r/jira-acme`, (await beginDrill(world)).agent);
  const point = await ownPoint(world, "gw-own");
  const feed = await fromFeed(point);
  const succession = String(((await (await fetch(at(world, "/trust"))).json()) as { succession: string }).succession);
  const trusted = readSuccession(succession, world.remit);
  if (!trusted.ok) throw new Error(trusted.error);
  const { alg, sign } = signerOf(point.key);
  const nonce = randomBytes(16).toString("base64url");
  return {
    ...{ holder, sessionKey, startKey, point, endpoint, partner, feedKey: trusted.value.feed.key },
    texts: {
      "id token": await idToken(world),
      "foreign access token": partner.accessToken(),
      "own access token": own,
      "client assertion": botAssertion(world),
      "dpop proof": dpopProof({ key: holder, method: "PUT", url: world.remit.gateway, now: Date.now() }),
      ...feed,
      succession,
      "resolved answer": signJws({ typ: "remit-resolved+jwt", alg }, { none: true, nonce, at: Date.now() }, sign),
      ...{ "session handle": session, "start handle": start.reveal() },
      "boot handle": await bootHandle(world.data, { point: LATER_POINT }),
      "run handle": endpoint.phantom.reveal(),
      "unsigned token": `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`,
      noise: "x.y.z",
    },
    async [Symbol.asyncDispose]() {
      point.close();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

function storedSession(world: World): { readonly sessionKey: Key; readonly handle: string } {
  const folder = join(world.folder, "home", "sessions");
  const { handle, key } = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] ?? ""), "utf8")) as {
    handle: string;
    key: Record<string, string>;
  };
  return { handle, sessionKey: dpopKeyOf(createPrivateKey({ key, format: "jwk" })) };
}

async function fromFeed({
  channel,
}: OwnPoint): Promise<Record<"feed batch" | "feed snapshot" | "challenge answer", string>> {
  const [over, quiet] = [new AbortController(), new AbortController()];
  const place = { epoch: 1, n: 0 };
  try {
    for await (const line of channel.feed(place, over.signal)) {
      if (line.kind !== "batch") continue;
      return {
        "feed batch": line.compact,
        "feed snapshot": await channel.snapshot(quiet.signal),
        "challenge answer": await channel.challenge(randomBytes(16).toString("base64url"), place, quiet.signal),
      };
    }
  } finally {
    over.abort();
  }
  throw new Error("the feed said nothing");
}
