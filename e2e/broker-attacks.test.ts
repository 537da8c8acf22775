import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { signJws } from "@remit/core";
import { dpopProof, makeDpopKey, signerOf } from "@remit/sdk";
import { beginDrill, codeOf } from "../examples/ticket/src/story/drills.ts";
import { remit } from "@remit/testkit";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { testWorld, until, withBot, type World } from "./world.ts";

type Answer = { readonly status: number; readonly code: string; readonly body: Readonly<Record<string, unknown>> };
type Key = ReturnType<typeof makeDpopKey>;

/** Posts a form to an endpoint of the issuer with a proof by a key; takes the nonce that it is given. */
async function post(world: World, path: string, form: Readonly<Record<string, string>>, key: Key): Promise<Answer> {
  const url = world.remit.broker + new URL(world.remit.issuer).pathname + path;
  let nonce: string | undefined;
  for (;;) {
    const dpop = dpopProof({ key, method: "POST", url, nonce, now: Date.now() });
    const headers = { "content-type": "application/x-www-form-urlencoded", dpop };
    const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(form).toString() });
    const body = (await response.json()) as { error?: string; remit?: { code: string } };
    if (body.error !== "use_dpop_nonce" || nonce !== undefined)
      return { status: response.status, code: body.remit?.code ?? body.error ?? "ok", body };
    nonce = response.headers.get("dpop-nonce") ?? undefined;
  }
}

const RENEW = "urn:remit:params:oauth:grant-type:renew";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const PATH = "/rest/api/3/issue/PROJ-42";

/** The client authentication of the client that has a key of its own. */
function asBot(world: World): Readonly<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const bot = signerOf(world.botKey);
  const claims = { iss: "triage-bot", sub: "triage-bot", aud: world.remit.issuer, iat: now, exp: now + 60 };
  return {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: signJws({ alg: "ES256" }, { ...claims, jti: crypto.randomUUID() }, bot.sign),
  };
}

const exchangeForm = (world: World, subjectToken: string, record: unknown): Readonly<Record<string, string>> => ({
  grant_type: EXCHANGE,
  subject_token: subjectToken,
  subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  resource: `${world.remit.gateway}/r/jira-acme`,
  authorization_details: JSON.stringify([{ type: "jira-acme.issue", ...(record as object) }]),
  ...asBot(world),
});

const idToken = async (world: World): Promise<string> =>
  authorize({ issuer: world.idp, clientId: "triage-bot" }, (page) => void loginAs(page.href, "dana"));

/** What the broker's log holds, read beside the running broker. */
function logged(world: World): readonly { readonly kind: string; readonly ids: readonly string[] }[] {
  const db = new DatabaseSync(join(world.data, "broker", "broker.db"), { readOnly: true });
  const rows = db.prepare("select line from log order by n").all();
  db.close();
  return rows.map(({ line }) => JSON.parse(String(line)) as { kind: string; ids: readonly string[] });
}

test("[broker.strangers-write-nothing] whoever guesses grants, or holds another's token, does not make the log grow", async () => {
  await using world = await testWorld();
  const { held, key } = await beginDrill(world);
  const before = logged(world).filter(({ kind }) => kind !== "point.hello").length;
  for (let at = 0; at < 20; at++) {
    const stranger = makeDpopKey();
    assert.equal(
      (await post(world, "/token", { grant_type: RENEW, grant: held.grant }, stranger)).code,
      "grant_unknown",
    );
    const revoked = await post(world, "/revoke", { token: held.accessToken.reveal() }, stranger);
    assert.equal(revoked.code, "client_not_allowed");
  }
  const after = logged(world).filter(({ kind }) => kind !== "point.hello");
  assert.equal(after.length - before, 1, "one record that the token was in another's hands");
  assert.deepEqual(after.at(-1)?.ids, [held.task]);
  assert.equal((await post(world, "/token", { grant_type: RENEW, grant: held.grant }, key)).code, "ok");
});

test("[broker.no-existence-oracle] a record that is there but excluded is refused as one that is not, at the same time, and both count", async () => {
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    const file = join(config, "policies", "bot.yaml");
    const text = readFileSync(file, "utf8")
      .replace("any: true", "any: true\n    except: ['10443']")
      .replace("tasks:\n", "records:\n      per_hour: 5\n    tasks:\n");
    writeFileSync(file, text);
  });
  const key = makeDpopKey();
  const asked = async (record: unknown): Promise<Answer & { readonly ms: number }> => {
    const began = performance.now();
    const answer = await post(world, "/token", exchangeForm(world, token, record), key);
    return { ...answer, ms: performance.now() - began };
  };
  const token = await idToken(world);
  const excluded = await asked({ alias: "PROJ-43" });
  const missing = await asked({ alias: "PROJ-4300" });
  for (const { code, status, ms } of [excluded, missing]) {
    assert.deepEqual({ code, status }, { code: "record_not_resolved", status: 400 });
    assert.ok(ms >= 1_400, `${ms} ms`);
  }
  const told = ({ body }: Answer): unknown => ({ ...body, remit: { ...(body["remit"] as object), decision: "" } });
  assert.deepEqual(told(excluded), told(missing));
  await Promise.all([1, 2, 3].map(async (n) => asked({ alias: `PROJ-990${n}` })));
  for (const record of [{ alias: "PROJ-43" }, { alias: "PROJ-4300" }, { alias: "PROJ-42" }])
    assert.equal((await asked(record)).code, "limit_reached");
});

test("[broker.guesses-at-once] guesses that come at once are as limited as those that come one after the other", async () => {
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    const file = join(config, "policies", "bot.yaml");
    const text = readFileSync(file, "utf8").replace("tasks:\n", "records:\n      per_hour: 5\n    tasks:\n");
    writeFileSync(file, text);
  });
  const [key, token] = [makeDpopKey(), await idToken(world)];
  const ask = async (alias: string): Promise<string | undefined> =>
    (await post(world, "/token", exchangeForm(world, token, { alias }), key)).code;
  // the one that is there comes last, so that whoever finds it was let through too often
  const aliases = [...Array.from({ length: 15 }, (_, n) => `PROJ-99${10 + n}`), "PROJ-42"];
  const codes = await Promise.all(aliases.map(ask));
  const counts = Object.fromEntries(
    Map.groupBy(codes, String)
      .entries()
      .map(([code, all]) => [code, all.length]),
  );
  assert.deepEqual(counts, { record_not_resolved: 5, limit_reached: 11 });
  assert.equal(await ask("PROJ-42"), "limit_reached", "and later none is left");
});

test("[broker.nothing-ignored] a parameter that would ask for something else is refused, not passed over", async () => {
  await using world = await testWorld(withBot);
  const key = makeDpopKey();
  const form = exchangeForm(world, await idToken(world), { alias: "PROJ-42" });
  const session = { requested_token_type: "urn:remit:params:oauth:token-type:session" };
  const renewal = { grant_type: RENEW, grant: "grn_00000000000000000000000000" };
  const whole = { ...form, ...asBot(world) };
  for (const [asked, error] of [
    [{ ...whole, requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }, "invalid_request"],
    [{ ...whole, requested_token_type: "urn:ietf:params:oauth:token-type:jwt" }, "invalid_request"],
    [{ ...whole, audience: "https://elsewhere.example" }, "invalid_target"],
    [{ ...whole, audience: `${world.remit.gateway}/r/jira-acme` }, "invalid_target"],
    [{ ...whole, scope: "admin" }, "invalid_scope"],
    [{ ...whole, actor_token: "x" }, "invalid_request"],
    [{ ...whole, actor_token_type: "urn:ietf:params:oauth:token-type:jwt" }, "invalid_request"],
    [{ ...whole, grant: renewal.grant }, "invalid_request"],
    [{ ...whole, start: "x" }, "invalid_request"],
    [{ ...whole, ...session }, "invalid_request"],
    [{ ...whole, resource: `${world.remit.gateway}/r/jira-acme/` }, "invalid_target"],
    [{ ...whole, resource: `${world.remit.gateway}/r/jira-acme#x` }, "invalid_target"],
    [{ ...whole, resource: "jira" }, "invalid_target"],
    [{ ...renewal, authorization_details: "[]" }, "invalid_request"],
    [{ ...renewal, resource: `${world.remit.gateway}/r/jira-acme` }, "invalid_request"],
    [{ ...renewal, scope: "admin" }, "invalid_scope"],
    [{ ...renewal, ...session }, "invalid_request"],
    [{ ...renewal, ...asBot(world) }, "invalid_request"],
    [renewal, "invalid_grant"],
  ] as readonly (readonly [Readonly<Record<string, string>>, string])[]) {
    const fresh = "client_assertion" in asked ? asBot(world) : {};
    const told = await post(world, "/token", { ...asked, ...fresh }, key);
    assert.equal(told.body["error"], error, JSON.stringify(asked).slice(-200));
  }
  const plain = { ...form, requested_token_type: "urn:ietf:params:oauth:token-type:access_token" };
  assert.equal((await post(world, "/token", plain, key)).code, "ok");
});

test("[broker.suspended-client] a suspended client gets no tokens, introspects nothing and revokes nothing", async () => {
  await using world = await testWorld(withBot);
  const key = makeDpopKey();
  const begun = await post(world, "/token", exchangeForm(world, await idToken(world), { alias: "PROJ-42" }), key);
  const token = String(begun.body["access_token"]);
  const introspected = async (): Promise<Answer> => post(world, "/introspect", { token, ...asBot(world) }, key);
  assert.equal((await introspected()).body["active"], true);
  const { ids } = logged(world).findLast(({ kind }) => kind === "task.begin") ?? { ids: [] };
  const agent = ids.find((id) => id.startsWith("agt_")) ?? "";
  const stopped = await remit(["revoke", agent, "--suspend", "--data", world.data], { env: world.env });
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.equal((await introspected()).body["error"], "invalid_client");
  assert.equal((await post(world, "/revoke", { token, ...asBot(world) }, key)).body["error"], "invalid_client");
  const again = await post(world, "/token", exchangeForm(world, await idToken(world), { alias: "PROJ-42" }), key);
  assert.equal(again.body["error"], "invalid_client");
  assert.equal(
    (await post(world, "/token", { grant_type: RENEW, grant: String(begun.body["grant"]) }, key)).status,
    401,
  );
});

test("[broker.session-revoked] revoking a person ends their sessions and the start handles made by them, and what was begun", async () => {
  await using world = await testWorld();
  const drill = await beginDrill(world);
  assert.equal(await codeOf(await drill.agent.fetch(drill.held.resource + PATH)), "ok");
  const subject = logged(world)
    .findLast(({ kind }) => kind === "task.begin")
    ?.ids.find((id) => id.startsWith("usr_"));
  const stopped = await remit(["revoke", subject ?? "", "--data", world.data], { env: world.env });
  assert.equal(stopped.code, 0, stopped.stderr);
  await until("the gateway refuses", async () => (await drill.agent.fetch(drill.held.resource + PATH)).status === 401);
  await assert.rejects(beginDrill(world), /log in first|session/);
});

test("[broker.retry-same-task] an agent that lost the answer and asks again has one task", async () => {
  await using world = await testWorld(withBot);
  const key = makeDpopKey();
  const form = exchangeForm(world, await idToken(world), { alias: "PROJ-42" });
  const first = await post(world, "/token", form, key);
  const second = await post(world, "/token", { ...form, ...asBot(world) }, key);
  assert.equal(second.body["task"], first.body["task"]);
  assert.equal((await post(world, "/token", { ...form, ...asBot(world) }, makeDpopKey())).code, "subject_token_used");
});
