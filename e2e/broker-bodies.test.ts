import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "@remit/core";
import { dpopProof, makeDpopKey } from "@remit/sdk";
import { asBot, at, createAsker, exchangeForm, type Told } from "./support/ask.ts";
import { openIssuer } from "./support/issuer.ts";
import { makeKinds } from "./support/kinds.ts";
import { standing } from "./support/rows.ts";
import { testWorld, withBot } from "./world.ts";

const deep = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** Bodies that are no JSON, or JSON of two readings, or more than is read; `member` is one that the good body has. */
const bodies = (member: string): Readonly<Record<string, string>> => ({
  "no JSON": "{",
  "a list": "[]",
  nothing: "",
  "a text": '"x"',
  "a member twice": `{"${member}":"x","${member}":"x"}`,
  "a member twice, once escaped": `{"${member}":"x","\\u00${member.charCodeAt(0).toString(16)}${member.slice(1)}":"x"}`,
  "a prototype": '{"__proto__":{"admin":true}}',
  "a constructor": '{"constructor":{"prototype":{"admin":true}}}',
  "an unknown member": '{"unknown":1}',
  "too deep": `{"${member}":${deep(200)}}`,
  "very deep": `{"${member}":${deep(20_000)}}`,
  "past 2^53": `{"${member}":9007199254740993}`,
  "without bound": `{"${member}":1e400}`,
  "half a character": `{"${member}":"\\ud800"}`,
  "a byte order mark": `\ufeff{"${member}":"x"}`,
  "a comment": `{"${member}":"x"}//`,
  "a comma more": `{"${member}":"x",}`,
  "too large": `{"${member}":"${"x".repeat(200_000)}"}`,
  "too many members": `{${Array.from({ length: 9_000 }, (_, n) => `"m${n}":0`).join(",")}}`,
});

test("[broker.json-bodies] a body of JSON that is too large, too deep or of two readings is refused wherever one is taken, and changes nothing", async () => {
  await using partner = await openIssuer();
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    partner.trustIn(config);
  });
  await using kinds = await makeKinds(world, partner);
  const ask = createAsker();
  const session = kinds.texts["session handle"];
  const asPerson = { key: kinds.sessionKey, token: session, authorization: `DPoP ${session}` };
  const { broker } = world.remit;
  const revoke = kinds.texts["own access token"];
  const places: readonly (readonly [what: string, member: string, put: (json: string) => Promise<Told>])[] = [
    [
      "a task to begin",
      "resource",
      async (json) => ask({ ...asPerson, url: at(world, "/tasks"), json, method: "POST" }),
    ],
    ["an enrolment", "handle", async (json) => ask({ url: at(world, "/enrol"), json, method: "POST" })],
    [
      "an act of an operator",
      "id",
      async (json) => ask({ ...asPerson, url: `${broker}/admin/revoke`, json, method: "POST" }),
    ],
    [
      "a point to enrol",
      "point",
      async (json) => ask({ ...asPerson, url: `${broker}/admin/points`, json, method: "POST" }),
    ],
    [
      "authorization_details",
      "type",
      async (json) =>
        ask({
          ...{ url: at(world, "/token"), key: kinds.holder },
          form: exchangeForm(world, partner.idToken(), { authorization_details: json === "" ? " " : json }),
        }),
    ],
    [
      "one entry of authorization_details",
      "type",
      async (json) =>
        ask({
          ...{ url: at(world, "/token"), key: kinds.holder },
          form: exchangeForm(world, partner.idToken(), {
            authorization_details: `[{"type":"jira-acme.issue","alias":"PROJ-42"},${json}]`,
          }),
        }),
    ],
    [
      "a hello of a point",
      "base",
      async (json) => {
        const { status, text } = await kinds.point.postText("/points/hello", json);
        return { status, error: undefined, code: undefined, body: JSON.parse(text) as Record<string, unknown> };
      },
    ],
  ];
  const rows = standing(world);
  for (const [what, member, put] of places) {
    for (const [name, json] of Object.entries(bodies(member))) {
      const { status, body } = await put(json);
      assert.ok(status === 400 || status === 413, `${name} as ${what}: ${status} ${JSON.stringify(body)}`);
    }
  }
  assert.deepEqual(standing(world), rows);
  for (const query of [
    "limit=5&limit=1",
    "limit=1e400",
    "limit=9007199254740993",
    "from=-1",
    "unknown=1",
    "limit=1;from=1",
  ]) {
    const url = `${broker}/admin/log/records`;
    const proof = { key: kinds.sessionKey, method: "GET", url, now: Date.now(), accessToken: new Secret(session) };
    const nonce = (await fetch(url)).headers.get("dpop-nonce") ?? "";
    const response = await fetch(`${url}?${query}`, {
      headers: { authorization: asPerson.authorization, dpop: dpopProof({ ...proof, nonce }) },
    });
    assert.equal(response.status, 400, `${query}: ${await response.text()}`);
  }
  for (const method of ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    for (const path of ["/admin/me", "/admin/revoke", "/admin/tasks/tsk_x/end", "/admin/nowhere", "/openapi.json"]) {
      const body = method === "PUT" || method === "PATCH" ? { json: {} } : {};
      const { status } = await ask({ ...asPerson, ...body, url: broker + path, method });
      assert.ok(status < 500, `${method} ${path}: ${status}`);
    }
  }
  assert.deepEqual(standing(world), rows);
  const revoked = await ask({ url: at(world, "/revoke"), form: { token: revoke, ...asBot(world) } });
  assert.equal(revoked.status, 200);
});

const entry = (more: unknown): string =>
  JSON.stringify([{ type: "jira-acme.issue", alias: "PROJ-42", ...(more as object) }]);

/** Entries that are JSON of one reading, but ask for what is not known or not to be asked for. */
const ENTRIES: Readonly<Record<string, string>> = {
  "an unknown member": entry({ privileges: ["admin"] }),
  "a member in other letters": entry({ Actions: ["read"] }),
  "an unknown member of fields": entry({ fields: { read: ["summary"], delete: ["summary"] } }),
  "an unknown limit": entry({ limits: { calls: 5 } }),
  "a limit of none": entry({ limits: { uses: 0 } }),
  "a limit below none": entry({ limits: { uses: -1 } }),
  "half a use": entry({ limits: { uses: 0.5 } }),
  "a use as text": entry({ limits: { uses: "5" } }),
  "an unknown constraint": entry({ where: { transition: { "/to": { like: "*" } } } }),
  "two constraints in one": entry({ where: { transition: { "/to": { exact: "Done", one_of: ["Done"] } } } }),
  "a constraint on nothing": entry({ where: { transition: { "/nowhere": { exact: "x" } } } }),
  "a constraint of an action that is not": entry({ where: { delete: { "/to": { exact: "x" } } } }),
  "a pointer without a slash": entry({ where: { transition: { to: { exact: "x" } } } }),
  "one of none": entry({ where: { transition: { "/to": { one_of: [] } } } }),
  "the same action twice": entry({ actions: ["read", "read"] }),
  "the same field twice": entry({ fields: { read: ["summary", "summary"] } }),
  "actions as text": entry({ actions: "read" }),
  "an action of a prototype": entry({ actions: ["constructor"] }),
  "a field of a prototype": entry({ fields: { read: ["__proto__"] } }),
  "a type of a prototype": JSON.stringify([{ type: "jira-acme.constructor", alias: "PROJ-42" }]),
  "no record": JSON.stringify([{ type: "jira-acme.issue" }]),
  "a record and all below another": entry({ within: { type: "project", identifier: "10000" } }),
  "another location": entry({ locations: ["https://elsewhere.example"] }),
  "two locations": entry({ locations: ["https://elsewhere.example", "https://elsewhere.example/2"] }),
  "an exception by alias": entry({ except: ["PROJ-43"] }),
  "a null": entry({ fields: null }),
  "a list as entry": JSON.stringify([[]]),
  "an object for the list": JSON.stringify({ type: "jira-acme.issue", alias: "PROJ-42" }),
};

test("[exchange.details-closed] authorization_details with anything unknown in it are refused at every depth, and a parameter comes once", async () => {
  await using partner = await openIssuer();
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    partner.trustIn(config);
  });
  const [ask, key] = [createAsker(), makeDpopKey()];
  const url = at(world, "/token");
  const rows = standing(world);
  for (const [what, details] of Object.entries(ENTRIES)) {
    const told = await ask({
      url,
      key,
      form: exchangeForm(world, partner.idToken(), { authorization_details: details }),
    });
    assert.equal(told.status, 400, what);
    assert.equal(told.error, "invalid_authorization_details", `${what}: ${JSON.stringify(told)}`);
    assert.equal(told.code, "details_invalid", what);
  }
  const body = new URLSearchParams(exchangeForm(world, partner.idToken())).toString();
  const twice = [...new URLSearchParams(body).keys()].flatMap((name) => [
    `${body}&${name}=x`,
    `${name}=x&${body}`,
    `${body}&${name}=`,
    `${body}&${name.replace("_", "%5f")}=x&${name}=y`,
  ]);
  const endings = ["/introspect", "/revoke", "/token"].flatMap((path) => twice.map((text) => [path, text] as const));
  for (const [path, text] of endings) {
    const told = await ask({ url: at(world, path), key, text });
    assert.deepEqual(
      [told.status, told.error, told.code],
      [400, "invalid_request", "repeated_parameter"],
      text.slice(-60),
    );
  }
  for (const odd of [
    `${body}&x=%`,
    `${body}&x=%c0%af`,
    `${body}&=x`,
    `${body}&x=a b`,
    `${body}&x=%00%`,
    `\ufeff${body}`,
    "x=1&".repeat(40),
  ])
    assert.equal((await ask({ url, key, text: odd })).error, "invalid_request", odd.slice(-30));
  assert.deepEqual(standing(world), rows);
});
