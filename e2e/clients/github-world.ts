import { Octokit } from "@octokit/rest";
import type { JsonObject } from "@remit/core";
import { issueToken, type IssuedToken, startRemit, type TestRemit } from "@remit/testkit";
import { openEndpoint } from "../../packages/cli/src/run/endpoint.ts";
import { fakeGithub, type FakeGithub } from "../support/upstreams/github.ts";

const any = { identifier: { any: true } };
const everyField = {
  issue: {
    read: ["title", "body", "state", "state_reason", "labels", "assignees", "milestone", "user"],
    write: ["title", "body", "state", "labels"],
  },
  pull: { read: ["title", "body", "state", "base", "head"], write: ["title"] },
  release: { read: ["tag_name", "name", "body"], write: ["name", "body"] },
  content: { read: ["content", "encoding", "sha", "size"] },
  repository: { read: ["description", "default_branch"] },
};

/** What the tests' policies give: more than any single grant of theirs. */
const MAY: readonly JsonObject[] = [
  {
    ...{ type: "github.issue", ...any, fields: everyField.issue },
    actions: ["read", "edit", "comment", "read_comments", "add_label", "remove_label"],
  },
  { type: "github.pull", ...any, actions: ["read", "edit", "comment", "read_comments"], fields: everyField.pull },
  { type: "github.repository", ...any, actions: ["read", "create_release"], fields: everyField.repository },
  { type: "github.content", ...any, actions: ["read", "write"], fields: everyField.content },
  { type: "github.release", ...any, actions: ["read", "edit"], fields: everyField.release },
];

const WHOLE = {
  within: { type: "repository", identifier: "1001" },
  actions: ["read", "edit"],
  fields: everyField.issue,
};

const policy = (name: string, client: string, may: readonly JsonObject[]): JsonObject => ({
  policy: name,
  actor: { client },
  subject: { issuer: "test", claims: { groups: "support" } },
  rights: "service",
  may: [...may],
  limits: {
    task: { duration: "1h", depth: 0 },
    grant: { uses: 2000 },
    each: { per: ["actor", "subject"], tasks: { live: 1000 } },
  },
  approval: "none",
});

const config = {
  "resources/github.yaml": { resource: "github", connector: "github", connection: "github" },
  "policies/github.yaml": policy("github", "test-agent", MAY),
  // apart, because a request must lie within one entry
  "policies/github-issues.yaml": policy("github-issues", "test-agent", [{ type: "github.issue", ...WHOLE }]),
  "policies/github-program.yaml": policy("github-program", "coding-agent", [
    { type: "github.issue", ...any, actions: ["read", "edit"], fields: { read: ["title"], write: ["title"] } },
  ]),
};

/** A broker, a gateway and an API behind it that behaves as GitHub's does. */
export interface GithubWorld extends AsyncDisposable {
  readonly remit: TestRemit;
  readonly upstream: FakeGithub;
  /** A token for these entries. */
  token(entries: readonly JsonObject[]): Promise<IssuedToken>;
  /** An unmodified client with nothing but the address and the phantom credential that `remit run` would give it. */
  client(...entries: readonly JsonObject[]): Promise<Octokit>;
  /** What reached the API while something ran: requests, and what they touched. */
  during(
    run: () => Promise<unknown>,
  ): Promise<{ readonly requests: readonly string[]; readonly touched: readonly string[] }>;
}

/** Starts it; `program` is a client's own way to the endpoint. */
export async function githubWorld(): Promise<GithubWorld> {
  await using undo = new AsyncDisposableStack();
  const upstream = undo.use(await fakeGithub());
  const remit = undo.use(await startRemit({ config }));
  const how = ["--connector", "github", "--form", "bearer", "--insecure-loopback"];
  const connected = await remit.command(["connect", "github", "--origin", upstream.origin, ...how], upstream.key);
  if (connected.code !== 0) throw new Error(`\`remit connect\` failed: ${connected.stderr}`);
  await remit.serving("github");
  const running = undo.move();
  const token = async (entries: readonly JsonObject[]): Promise<IssuedToken> =>
    issueToken(remit, {
      resource: "github",
      authorizationDetails: [...entries],
      policy: entries.some((entry) => "within" in entry) ? "github-issues" : "github",
    });
  return {
    ...{ remit, upstream, token },
    async client(...entries) {
      const { agent, held } = await token(entries);
      const endpoint = running.use(await openEndpoint(held.resource, agent));
      const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
      return new Octokit({ baseUrl: endpoint.url, auth: endpoint.phantom.reveal(), log });
    },
    async during(run) {
      const [requests, touched] = [upstream.requests.length, upstream.touched.length];
      await run();
      return {
        requests: upstream.requests.slice(requests).map(({ method, target }) => `${method} ${target}`),
        touched: upstream.touched.slice(touched),
      };
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

/** What a client was told instead of an answer. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: { readonly code?: string };
}

/** The answer that a client took for an error; fails where there was none. */
export async function refusalOf(call: Promise<unknown>): Promise<Told> {
  const refused: unknown = await call.then(
    () => new Error("it was not refused"),
    (error: unknown) => error,
  );
  if (!(refused instanceof Error) || !("response" in refused)) throw refused;
  // Octokit's own error
  return refused.response as Told;
}

/** The code with which a call was refused. */
export const codeOf = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).data.code ?? "none";
