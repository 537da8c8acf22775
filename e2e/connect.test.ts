import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hostileUpstream, issueToken, startRemit, type TestRemit } from "@remit/testkit";
import { openTokenServer } from "../packages/gateway/test/support/token-endpoint.ts";
import { findings, type Place } from "./canary-spellings.ts";

const ISSUE = "/rest/api/3/issue/PROJ-42";
const CLIENT_SECRET = "client-Canary-7Zq/+9&x%2F~Lw";

/** The shipped connector under another name, which takes its credential in the forms that are named. */
const deskConnector = (forms: string): string =>
  readFileSync(fileURLToPath(new URL("../connectors/jira.yaml", import.meta.url)), "utf8")
    .replace(/^connector: .*$/m, "connector: desk")
    .replace(/^inject: .*$/m, `inject: [${forms}]`);

const withDesk = async (forms: string): Promise<TestRemit> =>
  startRemit({
    config: {
      "connectors/desk.yaml": deskConnector(forms),
      "resources/jira-acme.yaml": { resource: "jira-acme", connector: "desk", connection: "jira-acme" },
    },
  });

interface Told {
  readonly code: number;
  readonly error: string;
  readonly stdout: string;
}

async function connect(remit: TestRemit, args: readonly string[], input: string): Promise<Told> {
  const { code, stdout, stderr } = await remit.command(["connect", ...args, "--insecure-loopback"], input);
  return { code, stdout, error: stderr };
}

function filesIn(folder: string): readonly Place[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => statSync(file).isFile())
    .map((name) => ({ name, bytes: readFileSync(name) }));
}

test("[connect.known] a resource that nobody configured, another connector than its own, and a form that the connector does not take are refused with what there is", async () => {
  await using remit = await withDesk("basic, bearer");
  await using upstream = await hostileUpstream();
  const origin = ["--origin", upstream.origin];
  const rows: readonly (readonly [args: readonly string[], said: RegExp, code: number])[] = [
    [["nosuch", ...origin], /`nosuch` is not a resource of the applied configuration[^]*it has jira-acme/, 2],
    [["jira-acme", ...origin, "--connector", "nosuch"], /reads `jira-acme` with `desk`, not `nosuch`/, 2],
    [["jira-acme", ...origin, "--form", "header", "--header", "x-key"], /takes its credential as basic or bearer/, 1],
    [["jira-acme", ...origin, "--form", "basic"], /--form basic needs --username/, 2],
    [["jira-acme", ...origin, "--username", "x"], /--form bearer takes no --username/, 2],
    [["jira-acme", ...origin, "--form", "oauth_refresh"], /needs --token-endpoint/, 2],
    [["jira-acme", ...origin, "--form", "oauth-refresh"], /Allowed choices are/, 2],
    [["jira-acme", ...origin, "--key-file", "x"], /takes no --key-file/, 2],
  ];
  for (const [args, said, code] of rows) {
    const told = await connect(remit, args, "piped-canary-1");
    assert.match(told.error, said, args.join(" "));
    assert.deepEqual([told.code, told.error.includes("piped-canary-1")], [code, false], args.join(" "));
  }
  assert.equal(
    (await connect(remit, ["jira-acme", ...origin], "piped-canary-1")).code,
    0,
    "its own connector is found",
  );
});

test("[connect.oauth] an agent works with tokens that the gateway obtains, and none of the secrets is in a file, an answer or a log", async (t) => {
  await using remit = await withDesk("bearer, oauth_refresh, signed");
  await using upstream = await hostileUpstream();
  const tokens = await openTokenServer(t);
  const form = ["--form", "oauth_refresh", "--token-endpoint", tokens.url, "--client-id", "remit"];
  const args = ["jira-acme", "--origin", upstream.origin, ...form];
  const one = await connect(remit, args, `${tokens.refresh}\n`);
  assert.match(one.error, /1 lines were piped in, not 2/);
  assert.match(one.error, /Refresh token, Client secret/);
  const told = await connect(remit, args, `${tokens.refresh}\n${CLIENT_SECRET}\n`);
  assert.equal(told.code, 0, told.error);
  await remit.serving();
  const { agent, held } = await issueToken(remit);
  const response = await agent.fetch(held.resource + ISSUE);
  assert.equal(response.status, 200, await response.text());
  const sent = upstream.requests.at(-1)?.rawHeaders ?? [];
  assert.ok(sent.includes(`Bearer ${[...tokens.good][0]}`));

  const secretFile = join(remit.folder, "..", "none");
  const again = await connect(remit, [...args, "--client-secret-file", secretFile], tokens.refresh);
  assert.match(again.error, /cannot be read/);
  tokens.answer = (_asked, answer) => {
    answer.writeHead(503).end();
    return true;
  };
  const down = await connect(remit, args, `${tokens.refresh}\n${CLIENT_SECRET}\n`);
  assert.equal(down.code, 0);
  assert.match(down.error, /calls are refused for now: the token endpoint refused \(503\)/);
  const refused = await agent.fetch(held.resource + ISSUE);
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [502, "injection_failed"]);

  const said = [one, told, again, down].map(({ stdout, error }) => stdout + error).join("\n");
  const places = [...filesIn(remit.folder), { name: "what the command said", bytes: Buffer.from(said) }];
  assert.ok(places.some(({ name }) => name.endsWith("gateway.log")) && places.length > 10);
  for (const secret of [...tokens.given, CLIENT_SECRET]) assert.deepEqual(findings(secret, places), []);
});

test("[connect.signed] a private key is given as a file, and what it signs is what buys the token", async (t) => {
  await using remit = await withDesk("bearer, oauth_refresh, signed");
  await using upstream = await hostileUpstream();
  const tokens = await openTokenServer(t);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const who = ["--issuer", "client-1", "--subject", "svc@acme.example", "--audience", "https://login.acme.example"];
  const args = ["jira-acme", "--origin", upstream.origin, "--form", "signed", "--token-endpoint", tokens.url, ...who];
  const folder = mkdtempSync(join(tmpdir(), "remit-key-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "key.pem");
  writeFileSync(file, pem, { mode: 0o600 });
  const byFile = await connect(remit, [...args, "--key-file", file], "");
  assert.equal(byFile.code, 0, byFile.error);
  assert.match(byFile.stdout, /with the rights of svc@acme\.example/);
  const byPipe = await connect(remit, args, pem);
  assert.equal(byPipe.code, 0, byPipe.error);
  await remit.serving();
  assert.equal(tokens.asked.length, 2);
  const { agent, held } = await issueToken(remit);
  assert.equal((await agent.fetch(held.resource + ISSUE)).status, 200);
  assert.ok(upstream.requests.at(-1)?.rawHeaders.includes(`Bearer ${[...tokens.good][0]}`));
  const other = await connect(remit, args, "no key at all");
  assert.match(other.error, /private key as PEM/);
});
