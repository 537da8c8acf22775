import type { JsonObject } from "@remit/core";
import type { Agent } from "@remit/sdk";
import {
  type ConfigFiles,
  type IssuedToken,
  issueToken,
  logIn,
  startRemit,
  TEST_CLIENT,
  type TestRemit,
} from "@remit/testkit";
import zendesk, { type ZendeskClient } from "node-zendesk";
import { ACME, ANN } from "../support/upstreams/zendesk-records.ts";
import { startZendesk, type Zendesk, ZENDESK_TOKEN } from "../support/upstreams/zendesk.ts";

/** Remit before a Zendesk with two customers. */
export interface Desk extends AsyncDisposable {
  readonly remit: TestRemit;
  readonly zendesk: Zendesk;
}

export const RESOURCE = "zendesk-acme";
const acme = { within: { type: "organization", identifier: String(ACME) } };
const ann = { within: { type: "user", identifier: String(ANN) } };

/** Support automation gets one customer's account: what it may do with Acme, and nothing else. */
const CUSTOMER: readonly JsonObject[] = [
  {
    type: `${RESOURCE}.ticket`,
    ...acme,
    actions: ["read", "list", "edit", "comment", "read_comments"],
    fields: { read: ["subject", "status", "priority", "tags"], write: ["status", "priority"] },
    where: { comment: { "/public": { exact: false } }, read_comments: { "/public": { exact: true } } },
  },
  { type: `${RESOURCE}.organization`, identifier: String(ACME), actions: ["read"], fields: { read: ["name"] } },
  { type: `${RESOURCE}.user`, ...acme, actions: ["read"], fields: { read: ["name"] } },
];

const REQUESTER: readonly JsonObject[] = [
  { type: `${RESOURCE}.ticket`, ...ann, actions: ["read", "list"], fields: { read: ["subject"] } },
];

const ONE_TICKET: readonly JsonObject[] = [
  {
    type: `${RESOURCE}.ticket`,
    identifier: { any: true },
    actions: ["read", "edit", "read_comments"],
    fields: { read: ["subject", "status"], write: ["status"] },
  },
];

/** A policy that gives these entries to people of the support, for ten minutes. */
export const policy = (name: string, client: string, may: readonly JsonObject[]): JsonObject => ({
  policy: name,
  actor: { client },
  subject: { issuer: "test", claims: { groups: "support" } },
  rights: "service",
  may,
  limits: {
    task: { duration: "10m", depth: 0 },
    grant: { uses: 1000 },
    each: { per: ["actor", "subject"], tasks: { live: 100 } },
  },
  approval: "none",
});

const POLICIES = {
  "policies/customer.yaml": policy("customer", TEST_CLIENT, CUSTOMER),
  "policies/requester.yaml": policy("requester", TEST_CLIENT, REQUESTER),
  "policies/one-ticket.yaml": policy("one-ticket", "coding-agent", ONE_TICKET),
};

/** Starts both, and connects them with an API token as Zendesk wants it: `email/token` and the token. */
export async function startDesk(policies: ConfigFiles = POLICIES): Promise<Desk> {
  await using undo = new AsyncDisposableStack();
  const zendesk = undo.use(await startZendesk());
  const resource = { resource: RESOURCE, connector: "zendesk", connection: RESOURCE };
  const remit = undo.use(await startRemit({ config: { [`resources/${RESOURCE}.yaml`]: resource, ...policies } }));
  const how = ["--connector", "zendesk", "--form", "basic", "--username", "svc@desk.example/token"];
  const { code, stderr } = await remit.command(
    ["connect", RESOURCE, "--origin", zendesk.origin, ...how, "--insecure-loopback"],
    ZENDESK_TOKEN,
  );
  if (code !== 0) throw new Error(`\`remit connect\` ended with exit code ${code}: ${stderr}`);
  await remit.serving(RESOURCE);
  const running = undo.move();
  return { remit, zendesk, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}

/** A person's login, for `remit run`. */
export const sitDown = async ({ remit }: Desk): Promise<unknown> => logIn(remit);

/** node-zendesk as it comes, sending through an agent of ours, and what the gateway answered it. */
export interface AgentClient {
  readonly client: ZendeskClient;
  readonly agent: Agent;
  readonly resource: string;
  /** Every answer as it came, in order. */
  readonly answers: readonly { readonly status: number; readonly text: string }[];
}

/** A token for all that a policy gives. */
export async function tokenFor({ remit }: Desk, name: string, may: readonly JsonObject[]): Promise<IssuedToken> {
  const asked = may.map(({ type = null, within = null, identifier = null }) =>
    within === null ? { type, identifier } : { type, within },
  );
  return issueToken(remit, { resource: RESOURCE, policy: name, authorizationDetails: asked });
}

/** Begins a task for one customer, and gives its token to the client. */
export async function clientFor(desk: Desk, by: "customer" | "requester", asUser?: string): Promise<AgentClient> {
  const { agent, held } = await tokenFor(desk, by, by === "customer" ? CUSTOMER : REQUESTER);
  const answers: { status: number; text: string }[] = [];
  const client = zendesk.createClient({
    ...{ username: "agent@remit.invalid", token: "none", endpointUri: `${held.resource}/api/v2` },
    ...(asUser === undefined ? {} : { asUser }),
    transportConfig: {
      transportFn: async (url: string, init: RequestInit) => {
        const { method = "GET", headers, body } = init;
        const response = await agent.fetch(url, {
          method,
          ...(headers === undefined ? {} : { headers: sendable(headers) }),
          ...(body === undefined ? {} : { body }),
        });
        answers.push({ status: response.status, text: await response.clone().text() });
        return response;
      },
      responseAdapter: (response: Response) => response,
    },
  });
  return { client, agent, resource: held.resource, answers };
}

/** The agent brings its own credential. */
function sendable(headers: NonNullable<RequestInit["headers"]>): Headers {
  const all = new Headers(headers);
  all.delete("authorization");
  return all;
}
