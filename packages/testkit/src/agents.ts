import { findPlaces, storeSession } from "@remit/cli";
import type { Json, Secret } from "@remit/core";
import { type Agent, createAgent, type DpopKey, type HeldToken, makeDpopKey } from "@remit/sdk";
import { LOGIN_CLIENT, TEST_CLIENT } from "./configuration.ts";
import type { TestRemit } from "./remit.ts";

export interface TokenRequest {
  /** On whose behalf; `dana` where nobody is named. */
  readonly person?: string;
  /** Name or URL of the resource; `jira-acme` where none is named. */
  readonly resource?: string;
  /** What is asked for; all that the policy gives on PROJ-42 where nothing is said. */
  readonly authorizationDetails?: Json;
  readonly policy?: string;
  readonly purpose?: string;
  /** Seconds. */
  readonly duration?: number;
  /** Milliseconds since the epoch; the clock of the agent's proofs. */
  readonly now?: () => number;
}

/** A token, the agent that holds it, and the key that it is bound to. */
export interface IssuedToken {
  readonly agent: Agent;
  readonly held: HeldToken;
  readonly key: DpopKey;
}

type Where = Pick<TestRemit, "issuer" | "brokerUrl" | "clientKey" | "idp">;

/** An agent of the testkit's client with a key of its own, and no task yet. */
export function newAgent(at: Where, now?: () => number): { readonly agent: Agent; readonly key: DpopKey } {
  const key = makeDpopKey();
  const client = { id: TEST_CLIENT, key: at.clientKey };
  const agent = createAgent({
    ...{ issuer: at.issuer, base: at.brokerUrl, client, dpopKey: key },
    ...(now === undefined ? {} : { now }),
  });
  return { agent, key };
}

/** Exchanges an ID token of a person for an access token, as an agent with a fresh key. */
export async function issueToken(at: Where, request: TokenRequest = {}): Promise<IssuedToken> {
  const { person = "dana", now, ...more } = request;
  const { agent, key } = newAgent(at, now);
  const held = await agent.exchange({
    subjectToken: at.idp.idToken(person, TEST_CLIENT),
    subjectTokenType: "id_token",
    resource: "jira-acme",
    authorizationDetails: [{ type: "jira-acme.issue", alias: "PROJ-42" }],
    ...more,
  });
  return { agent, held, key };
}

/** A person's login: the agent that holds the session's key, and the session. */
export interface Seat {
  readonly agent: Agent;
  readonly session: Secret<string>;
}

/** Logs a person in, here and for the commands of `remit`. */
export async function logIn(at: Where & Pick<TestRemit, "env" | "data">, person = "dana"): Promise<Seat> {
  const key = makeDpopKey();
  const agent = createAgent({ issuer: at.issuer, base: at.brokerUrl, dpopKey: key });
  const { session, expiresAt } = await agent.openSession(at.idp.idToken(person, LOGIN_CLIENT), LOGIN_CLIENT);
  storeSession(findPlaces(at.env, at.data), {
    ...{ issuer: at.issuer, handle: session, key: key.privateKey, expiresAt },
  });
  return { agent, session };
}
