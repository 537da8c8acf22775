import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { signJws } from "@remit/core";
import { dpopProof, makeDpopKey, signerOf } from "@remit/sdk";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import { remit } from "@remit/testkit";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { testWorld, withBot, type World } from "./world.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type Form = Readonly<Record<string, string>>;

/** A good request, and the ways to spoil one thing of it. */
interface Attempt {
  readonly form?: Form;
  readonly drop?: string;
  readonly assertion?: Readonly<Record<string, unknown>>;
  readonly assertionHeader?: Readonly<Record<string, string>>;
  readonly proof?: Readonly<Record<string, unknown>>;
  readonly noProof?: boolean;
  readonly body?: (body: string) => string;
  readonly type?: string;
}

async function prepare(
  world: World,
): Promise<(attempt: Attempt) => Promise<{ status: number; error: string; code: string }>> {
  const { issuer, broker, gateway } = world.remit;
  const url = broker + new URL(issuer).pathname + "/token";
  const key = makeDpopKey();
  const bot = signerOf(world.botKey);
  const subjectToken = await authorize(
    { issuer: world.idp, clientId: "triage-bot" },
    (page) => void loginAs(page.href, "dana"),
  );
  let nonce: string | undefined;
  return async function send(attempt: Attempt): Promise<{ status: number; error: string; code: string }> {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: "triage-bot",
      sub: "triage-bot",
      aud: issuer,
      iat: now,
      exp: now + 60,
      jti: randomUUID(),
      ...attempt.assertion,
    };
    const form: Record<string, string> = {
      ...{
        grant_type: EXCHANGE,
        subject_token: subjectToken,
        subject_token_type: ID_TOKEN,
        resource: `${gateway}/r/jira-acme`,
      },
      ...{ authorization_details: JSON.stringify([{ type: "jira-acme.issue", alias: "PROJ-42" }]) },
      ...{
        client_assertion_type: JWT_BEARER,
        client_assertion: signJws(
          { alg: "ES256", ...attempt.assertionHeader },
          claims as unknown as { [name: string]: string },
          bot.sign,
        ),
      },
      ...attempt.form,
    };
    if (attempt.drop !== undefined) delete form[attempt.drop];
    const plain = dpopProof({ key, method: "POST", url, nonce, now: Date.now() });
    const payload = {
      jti: randomUUID(),
      htm: "POST",
      htu: url,
      iat: now,
      ...(nonce === undefined ? {} : { nonce }),
      ...attempt.proof,
    };
    const spoilt = signJws(
      { typ: "dpop+jwt", alg: "ES256", jwk: { ...key.jwk } },
      payload as unknown as { [name: string]: string },
      signerOf(key.privateKey).sign,
    );
    const dpop = attempt.proof === undefined ? plain : spoilt;
    const text = new URLSearchParams(form).toString();
    const headers = {
      "content-type": attempt.type ?? "application/x-www-form-urlencoded",
      ...(attempt.noProof === true ? {} : { dpop }),
    };
    const response = await fetch(url, { method: "POST", headers, body: attempt.body?.(text) ?? text });
    nonce = response.headers.get("dpop-nonce") ?? nonce;
    const answer = (await response.json()) as { error?: string; remit?: { code: string } };
    if (answer.error === "use_dpop_nonce" && attempt.proof?.["nonce"] === undefined) return send(attempt);
    return { status: response.status, error: answer.error ?? "ok", code: answer.remit?.code ?? "ok" };
  };
}

const details = (entry: unknown): Attempt => ({
  form: { authorization_details: typeof entry === "string" ? entry : JSON.stringify(entry) },
});
const entry = (more: Readonly<Record<string, unknown>>): Attempt =>
  details([{ type: "jira-acme.issue", alias: "PROJ-42", ...more }]);

const TABLE: readonly (readonly [what: string, attempt: Attempt, error: string, code: string])[] = [
  ["another grant type", { form: { grant_type: "password" } }, "unsupported_grant_type", "unsupported_grant_type"],
  ["no grant type", { drop: "grant_type" }, "invalid_request", "malformed_request"],
  ["a repeated parameter", { body: (body) => `${body}&resource=x` }, "invalid_request", "repeated_parameter"],
  ["another content type", { type: "application/json" }, "invalid_request", "malformed_request"],
  ["broken percent-encoding", { body: (body) => `${body}&x=%zz` }, "invalid_request", "malformed_request"],
  ["no proof", { noProof: true }, "invalid_dpop_proof", "proof_missing"],
  ["a proof for another method", { proof: { htm: "GET" } }, "invalid_dpop_proof", "proof_invalid"],
  ["a proof for another URL", { proof: { htu: "https://evil.example/token" } }, "invalid_dpop_proof", "proof_invalid"],
  ["an old proof", { proof: { iat: 1_000 } }, "invalid_dpop_proof", "proof_invalid"],
  [
    "a nonce of somebody else",
    { proof: { nonce: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } },
    "use_dpop_nonce",
    "nonce_required",
  ],
  ["no assertion", { drop: "client_assertion" }, "invalid_client", "client_assertion_invalid"],
  [
    "an assertion for the endpoint",
    { assertion: { aud: "https://broker.example/token" } },
    "invalid_client",
    "client_assertion_invalid",
  ],
  ["an assertion with two audiences", { assertion: { aud: ["a", "b"] } }, "invalid_client", "client_assertion_invalid"],
  ["an assertion without end", { assertion: { exp: undefined } }, "invalid_client", "client_assertion_invalid"],
  [
    "an assertion that lives for an hour",
    { assertion: { exp: Math.floor(Date.now() / 1000) + 3_600 } },
    "invalid_client",
    "client_assertion_invalid",
  ],
  [
    "an assertion from the future",
    { assertion: { iat: Math.floor(Date.now() / 1000) + 120 } },
    "invalid_client",
    "client_assertion_invalid",
  ],
  [
    "an assertion of an unknown client",
    { assertion: { iss: "nobody", sub: "nobody" } },
    "invalid_client",
    "client_assertion_invalid",
  ],
  [
    "an assertion for another subject",
    { assertion: { sub: "coding-agent" } },
    "invalid_client",
    "client_assertion_invalid",
  ],
  [
    "an assertion of another type",
    { assertionHeader: { typ: "dpop+jwt" } },
    "invalid_client",
    "client_assertion_invalid",
  ],
  [
    "an ID token declared as access token",
    { form: { subject_token_type: "urn:ietf:params:oauth:token-type:access_token" } },
    "invalid_request",
    "subject_token_invalid",
  ],
  [
    "a token type that is not taken",
    { form: { subject_token_type: "urn:ietf:params:oauth:token-type:saml2" } },
    "invalid_request",
    "subject_token_type_unsupported",
  ],
  ["a subject token that is none", { form: { subject_token: "x.y.z" } }, "invalid_request", "subject_token_invalid"],
  ["an actor token", { form: { actor_token: "x" } }, "invalid_request", "feature_unavailable"],
  ["an unknown resource", { form: { resource: "https://elsewhere.example" } }, "invalid_target", "resource_unknown"],
  ["details that are no JSON", details("[{"), "invalid_authorization_details", "details_invalid"],
  [
    "details with a key twice",
    details('[{"type":"jira-acme.issue","type":"jira-acme.issue","alias":"PROJ-42"}]'),
    "invalid_authorization_details",
    "details_invalid",
  ],
  [
    "details that reach a prototype",
    details('[{"type":"jira-acme.issue","alias":"PROJ-42","__proto__":{}}]'),
    "invalid_authorization_details",
    "details_invalid",
  ],
  ["details without an entry", details([]), "invalid_authorization_details", "details_invalid"],
  [
    "too many entries",
    details(Array.from({ length: 17 }, () => ({ type: "jira-acme.issue", alias: "PROJ-42" }))),
    "invalid_authorization_details",
    "details_invalid",
  ],
  ["an unknown member", entry({ privileges: ["admin"] }), "invalid_authorization_details", "details_invalid"],
  [
    "an unknown type",
    details([{ type: "jira-acme.project", alias: "PROJ-42" }]),
    "invalid_authorization_details",
    "details_invalid",
  ],
  [
    "any record",
    entry({ alias: undefined, identifier: { any: true } }),
    "invalid_authorization_details",
    "details_invalid",
  ],
  ["an unknown action", entry({ actions: ["delete"] }), "invalid_authorization_details", "details_invalid"],
  ["no action", entry({ actions: [] }), "invalid_authorization_details", "details_invalid"],
  ["an unknown field", entry({ fields: { read: ["watches"] } }), "invalid_authorization_details", "details_invalid"],
  [
    "a number past 2^53",
    details('[{"type":"jira-acme.issue","alias":"PROJ-42","limits":{"uses":9007199254740993}}]'),
    "invalid_authorization_details",
    "details_invalid",
  ],
  [
    "a field that the policy does not give",
    entry({ fields: { read: ["summary", "assignee"] } }),
    "invalid_authorization_details",
    "policy_none",
  ],
  [
    "a move that the policy does not give",
    entry({ where: { transition: { "/to": { one_of: ["Done"] } } } }),
    "invalid_authorization_details",
    "policy_none",
  ],
  [
    "a field that the policy does not give",
    entry({ actions: ["read"], fields: { read: ["description"] } }),
    "invalid_authorization_details",
    "policy_none",
  ],
  ["a policy of another name", { form: { policy: "admin" } }, "invalid_authorization_details", "policy_none"],
  [
    "a duration that the policy does not give",
    { form: { duration: "999999" } },
    "invalid_authorization_details",
    "policy_none",
  ],
  ["a purpose that is too long", { form: { purpose: "x".repeat(201) } }, "invalid_request", "malformed_request"],
  [
    "a record that is not there",
    details([{ type: "jira-acme.issue", alias: "PROJ-4300" }]),
    "invalid_authorization_details",
    "record_not_resolved",
  ],
  [
    "a record in another spelling",
    details([{ type: "jira-acme.issue", alias: "proj-42" }]),
    "invalid_authorization_details",
    "details_invalid",
  ],
];

test("[exchange.bad-input] each way to spoil a good exchange gets its own standard error, and begins no task", async () => {
  await using world = await testWorld(withBot);
  const send = await prepare(world);
  for (const [what, attempt, error, code] of TABLE) {
    const answer = await send(attempt);
    assert.deepEqual({ error: answer.error, code: answer.code }, { error, code }, what);
  }
  const tasks = async (): Promise<number> =>
    (
      JSON.parse((await remit(["task", "list", "--json", "--data", world.data], { env: world.env })).stdout) as {
        tasks: readonly unknown[];
      }
    ).tasks.length;
  assert.equal(await tasks(), 0);
  const fixed = { assertion: { jti: randomUUID() } };
  assert.equal((await send(fixed)).error, "ok");
  assert.equal((await send(fixed)).code, "client_assertion_invalid");
  assert.equal(
    (await send({ form: { purpose: "another task with the same subject token" } })).code,
    "subject_token_used",
  );
  assert.equal(await tasks(), 1);
});
