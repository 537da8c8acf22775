import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Secret } from "@remit/core";
import type { NewConnection } from "../src/vault/connection.ts";
import { openVault } from "../src/vault/vault.ts";
import { ISSUE, TASK } from "./support/gateway-world.ts";
import { bearerOf, CLIENT, CLIENT_SECRET, holdTokens, oauthWorld, onlyGood, read } from "./support/oauth-world.ts";
import { ELSEWHERE, PROJECT, withinDetails } from "./support/project-desk.ts";
import { ISSUE_ANSWER, sendJson } from "./support/upstream.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';

test("[injection.replaced-meanwhile] a connection that is replaced during a renewal keeps its new secret, and the old token reaches nobody", async (t) => {
  const { world, tokens, asked } = await oauthWorld(t, { expires_in: 0 });
  const held = holdTokens(tokens);
  const reached = world.upstream.reached.length;
  const waiting = world.call("GET", ISSUE);
  await held.arrived;
  const { client_secret: _none, ...plain } = asked;
  const kept = await world.admin("POST", "/connections", {
    ...plain,
    inject: { form: "bearer" },
    secret: "replacing-canary",
  });
  assert.equal(kept.status, 201, kept.text);
  held.release();
  assert.equal((await waiting).code, "injection_failed");
  assert.equal(world.upstream.reached.length, reached);
  world.upstream.answer = () => false;
  assert.equal(await read(world), 200);
  assert.equal(bearerOf(world.upstream.reached.at(-1) ?? assert.fail("nothing arrived")), "replacing-canary");
});

test("[injection.replaced-meanwhile] a secret is rotated only in the place of the one that was read", (t) => {
  const data = mkdtempSync(join(tmpdir(), "remit-vault-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const vault = openVault(data, new Secret(new Uint8Array(randomBytes(32))));
  t.after(() => vault.close());
  const connection: NewConnection = {
    ...{ name: "a", resource: "a", connector: "jira", origin: "https://acme.example", inject: { form: "bearer" } },
    ...{ as: "service", account: "svc", insecureLoopback: false, secret: new Secret("first-secret") },
  };
  const { id } = vault.keep(connection);
  const version = vault.version(id) ?? 0;
  assert.equal(vault.rotate(id, version, new Secret("second-secret")), version + 1);
  assert.equal(vault.credential(id)?.reveal(), "second-secret");
  assert.equal(vault.rotate(id, version, new Secret("late-secret")), undefined);
  vault.keep({ ...connection, secret: new Secret("third-secret") });
  assert.equal(vault.rotate(id, version + 1, new Secret("late-secret")), undefined);
  assert.equal(vault.credential(id)?.reveal(), "third-secret");
  assert.equal(vault.remove(id), true);
  assert.equal(vault.rotate(id, version + 2, new Secret("late-secret")), undefined);
});

test("[injection.ended-meanwhile] who waits for a token when the task ends is told so at once, and nothing is sent", async (t) => {
  const { world, tokens } = await oauthWorld(t, { expires_in: 0 });
  const held = holdTokens(tokens);
  const reached = world.upstream.reached.length;
  const waiting = [world.call("GET", ISSUE), world.call("PUT", ISSUE, { body: PRIORITY })];
  await held.arrived;
  // only what is durable is shipped, and a write whose intent is durable goes on to wait for its token
  const isShipped = (): boolean =>
    world.peer.asked.some(({ path, body }) => path === "/points/ship" && JSON.stringify(body).includes("call.intent"));
  while (!isShipped()) await world.peer.heard("/points/ship");
  const seen = world.peer.heard("/points/seen");
  const begun = performance.now();
  world.peer.revoke([{ id: TASK, forget: 3_600 }]);
  await seen;
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [401, 401],
  );
  assert.ok(performance.now() - begun < 5_000, "nobody waits until the token endpoint is given up");
  held.release();
  assert.equal(world.upstream.reached.length, reached);
  const [outcome] = world.records().filter(({ kind }) => kind === "call.outcome");
  assert.equal(outcome?.body["outcome"], "not_sent");
});

test("[injection.spent-elsewhere] two gateways with tokens of their own do not disturb each other; with one token the second is refused", async (t) => {
  const [one, other] = [await oauthWorld(t), await oauthWorld(t)];
  assert.deepEqual([await read(one.world), await read(other.world)], [200, 200]);
  const inject = { form: "oauth_refresh", token_endpoint: one.tokens.url, client_id: CLIENT };
  const stolen = { ...other.asked, inject, secret: one.tokens.given[0] };
  const kept = await other.world.admin("POST", "/connections", stolen);
  assert.match(kept.text, /refused \(400, invalid_grant\)/);
  assert.equal((await other.world.call("GET", ISSUE)).code, "injection_failed");
  assert.equal(await read(one.world), 200);
});

test("[injection.reflected] access tokens, old and new, refresh tokens and the client's secret are withheld in every spelling", async (t) => {
  const { world, tokens } = await oauthWorld(t);
  tokens.good.clear();
  assert.equal(await read(world), 200);
  const secrets = [...tokens.given, CLIENT_SECRET];
  assert.equal(secrets.length, 6, "three refresh tokens, two access tokens, and the client's secret");
  for (const secret of secrets) {
    const bytes = Buffer.from(secret);
    const spelled = [
      ...[secret, bytes.toString("base64"), Buffer.from(`xy${secret}z`).toString("base64url"), bytes.toString("hex")],
      ...[[...secret].toReversed().join(""), `${secret.slice(0, 7)}\n${secret.slice(7)}`],
    ];
    for (const text of spelled) {
      world.upstream.answer = (_request, response) =>
        sendJson(response, 200, { ...ISSUE_ANSWER, fields: { summary: `a ${text} b` } });
      assert.equal((await world.call("GET", ISSUE)).code, "reflected_secret", text);
    }
  }
  assert.ok(world.records().some(({ kind }) => kind === "alarm"));
});

test("[injection.ended-meanwhile] a write that the upstream refused for its token is not sent again when its task ended meanwhile", async (t) => {
  const { world, tokens } = await oauthWorld(t);
  tokens.good.clear();
  const held = holdTokens(tokens);
  const writing = world.call("PUT", ISSUE, { body: PRIORITY });
  await held.arrived;
  const seen = world.peer.heard("/points/seen");
  world.peer.revoke([{ id: TASK, forget: 3_600 }]);
  await seen;
  held.release();
  assert.equal((await writing).status, 401);
  assert.equal(world.upstream.reached.filter(({ method }) => method === "PUT").length, 1);
});

test("[injection.stale-meanwhile] a write that waited for its token while the gateway lost the proof of its freshness is not sent", async (t) => {
  const { world, tokens } = await oauthWorld(t, { expires_in: 0 }, { boundsMs: 600 });
  const held = holdTokens(tokens);
  const reached = world.upstream.reached.length;
  const writing = world.call("PUT", ISSUE, { body: PRIORITY });
  await held.arrived;
  world.peer.state.fresh = () => "not an answer";
  while ((await fetch(`${world.base}/readyz`)).status !== 503) await world.peer.heard("/points/challenge");
  held.release();
  const answer = await writing;
  assert.deepEqual([answer.status, answer.code], [503, "feed_stale"]);
  assert.equal(world.upstream.reached.length, reached);
  const [outcome] = world.records().filter(({ kind }) => kind === "call.outcome");
  assert.equal(outcome?.body["outcome"], "not_sent");
});

test("[injection.placed-again] under a grant of a parent, a write that is sent once more is looked at once more: what moved meanwhile is not written", async (t) => {
  const { world, tokens } = await oauthWorld(t);
  let project = PROJECT;
  world.upstream.answer = (request, response) => {
    if (request.method === "PUT" && project === PROJECT) {
      // refused for its token in the very moment in which the ticket moves
      tokens.good.clear();
      project = ELSEWHERE;
    }
    if (onlyGood(tokens, request, response)) return true;
    if (request.method !== "GET") return false;
    return sendJson(response, 200, { id: "10442", key: "PROJ-42", fields: { summary: "a", project: { id: project } } });
  };
  const claims = { authorization_details: withinDetails(world.resource) };
  const written = await world.call("PUT", "/rest/api/3/issue/10442", { body: PRIORITY, claims });
  assert.equal(written.code, "upstream_refused", written.text);
  assert.deepEqual(
    world.upstream.reached.map(({ method }) => method).filter((method) => method !== "GET"),
    ["PUT"],
  );
});
