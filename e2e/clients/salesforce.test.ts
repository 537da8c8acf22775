import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isJsonObject, type Json, type JsonObject } from "@remit/core";
import { dpopProof, makeDpopKey } from "@remit/sdk";
import { issueToken, type IssuedToken, logIn, until } from "@remit/testkit";
import { IDS, longId, startSalesforce } from "../support/upstreams/salesforce.ts";
import { CASE, codeOf, connected, onlyGranted, SENT } from "./salesforce-world.ts";

interface Said {
  readonly step: string;
  readonly ok: boolean;
  readonly value?: Json;
  readonly body?: Json;
}

/** What a step came to: `ok`, or the code of the refusal. */
function outcomes(stdout: string): ReadonlyMap<string, Said & { readonly code: string }> {
  const said = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Said);
  return new Map(
    said.map((one) => {
      const code = isJsonObject(one.body) ? String(one.body["code"]) : String(one.body);
      return [one.step, { ...one, code: one.ok ? "ok" : code }];
    }),
  );
}

const REFUSED: Readonly<Record<string, string>> = {
  ...{ "update another field": "field_not_granted", "update another value": "value_not_granted" },
  ...{ "read another field": "field_not_granted", "read a related record": "field_not_granted" },
  ...{ "read a sibling": "record_not_granted", "read the account": "record_not_granted" },
  ...{ "batch with a sibling": "record_not_granted" },
  ...Object.fromEntries(
    [
      ...["update many", "upsert", "create", "destroy", "describe", "describe all", "recent", "updated", "limits"],
      ...["query", "query all", "query more", "search", "bulk query", "bulk change", "composite", "graphql"],
      ...["method override", "tooling", "apex", "chatter", "report"],
    ].map((step) => [step, "operation_unknown"]),
  ),
};

test("[connectors.salesforce-client] unmodified jsforce under `remit run` reads and edits one case; whatever else it can do is refused and does not reach Salesforce", async () => {
  await using salesforce = await startSalesforce();
  await using remit = await connected(salesforce);
  await logIn(remit);
  const agent = fileURLToPath(new URL("./salesforce-agent.ts", import.meta.url));
  const program = [process.execPath, ...process.execArgv, agent, IDS.granted, IDS.sibling, IDS.acme];
  const ran = await remit.command(["run", "--on", "salesforce-acme.case:00001026", "--", ...program]);
  assert.equal(ran.code, 0, ran.stderr);
  const steps = outcomes(ran.stdout);
  const attributes = { type: "Case" };
  const read = (status: string): JsonObject => ({
    ...{ attributes, Id: IDS.granted, CaseNumber: "00001026", Subject: "Login fails", Priority: "Low", Status: status },
  });
  assert.deepEqual(steps.get("read fields")?.value, {
    attributes,
    Id: IDS.granted,
    Subject: "Login fails",
    Status: "New",
  });
  assert.deepEqual(steps.get("read all")?.value, read("New"));
  assert.deepEqual(steps.get("read through the record")?.value, read("New"));
  for (const step of ["update", "update through the record"])
    assert.deepEqual(steps.get(step)?.value, { id: IDS.granted, success: true, errors: [] }, step);
  // the rule's words are Salesforce's own; that it is about the subject may be said, because that is granted
  const upstream = { status: 400, code: "rejected", fields: ["Subject"] };
  assert.deepEqual(steps.get("refused by a rule")?.body, { error: "upstream", upstream });
  assert.deepEqual(steps.get("batch")?.value, {
    hasErrors: true,
    results: [
      { statusCode: 204, result: null },
      { statusCode: 200, result: { attributes, Id: IDS.granted, Priority: "Medium" } },
      { statusCode: 400, result: { error: "upstream", upstream } },
    ],
  });
  assert.doesNotMatch(ran.stdout, /private text/);
  const refused = new Map([...steps].filter(([step]) => step in REFUSED).map(([step, { code }]) => [step, code]));
  assert.deepEqual(Object.fromEntries(refused), REFUSED);
  assert.equal(steps.size, Object.keys(REFUSED).length + 7);
  const asked = salesforce.received.filter(({ url }) => url.startsWith(SENT)).map(({ method, body }) => method + body);
  assert.deepEqual(
    asked.filter((one) => one.startsWith("PATCH")),
    [
      'PATCH{"Priority":"High"}',
      'PATCH{"Status":"Working"}',
      'PATCH{"Subject":"REFUSE ME"}',
      'PATCH{"Priority":"Medium"}',
      'PATCH{"Subject":"REFUSE ME"}',
    ],
  );
  const [alias, ...others] = new Set(salesforce.received.map(({ url }) => url.split("?")[0]));
  assert.deepEqual([alias, ...others], ["/services/data/v62.0/sobjects/Case/CaseNumber/00001026", SENT]);
  for (const { headers } of salesforce.received) assert.equal(headers["sforce-auto-assign"], "FALSE");
  onlyGranted(salesforce);
});

type Theft = readonly [what: string, method: string, path: string, body?: Json];

const QUERY = "SELECT Id, Subject, Description FROM Case";
const DATA = "/services/data/v62.0";

/** What the thieves of August 2025 did with the tokens of Drift, and what they might have done. */
const THEFTS: readonly Theft[] = [
  ["SOQL", "GET", `${DATA}/query?q=${QUERY.replaceAll(" ", "+")}`],
  ["counting", "GET", `${DATA}/query?q=SELECT+COUNT()+FROM+Account`],
  ["deleted ones", "GET", `${DATA}/queryAll?q=${QUERY.replaceAll(" ", "+")}`],
  ["a search for passwords", "GET", `${DATA}/search?q=FIND+%7Bpassword%7D`],
  ["bulk export", "POST", `${DATA}/jobs/query`, { operation: "query", query: QUERY }],
  ["rows of a bulk export", "GET", `${DATA}/jobs/query/7505g00000Query1AAA/results`],
  ["hiding traces", "DELETE", `${DATA}/jobs/query/7505g00000Query1AAA`],
  [
    "batch",
    "POST",
    `${DATA}/composite/batch`,
    { batchRequests: [{ method: "GET", url: `v62.0/query?q=${QUERY.replaceAll(" ", "+")}` }] },
  ],
  ["graphql", "POST", `${DATA}/graphql`, { query: "query { uiapi { query { Case { edges { node { Id } } } } } }" }],
];

async function steal({ agent, held }: IssuedToken, [, method, path, body]: Theft): Promise<string> {
  const json =
    body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return codeOf(await agent.fetch(held.resource + path, { method, ...json }));
}

test("[connectors.salesforce-drift] a stolen token opens nothing without its key; with its key, one case's named fields until the task ends; no export, no query, and Salesforce itself knows no such token", async () => {
  await using salesforce = await startSalesforce();
  await using remit = await connected(salesforce);
  const issued = await issueToken(remit, {
    resource: "salesforce-acme",
    authorizationDetails: [{ type: "salesforce-acme.case", alias: "00001026" }],
  });
  const { agent, held } = issued;
  const before = salesforce.received.length;
  const url = held.resource + CASE;
  const nonce = (await fetch(url)).headers.get("dpop-nonce") ?? undefined;
  const thief = makeDpopKey();
  const { accessToken } = held;
  const proof = dpopProof({ key: thief, method: "GET", url, nonce, accessToken, now: Date.now() });
  const stolen = accessToken.reveal();
  assert.equal(
    await codeOf(await fetch(url, { headers: { authorization: `DPoP ${stolen}`, dpop: proof } })),
    "invalid_dpop_proof",
  );
  assert.equal(await codeOf(await fetch(url, { headers: { authorization: `Bearer ${stolen}` } })), "invalid_token");
  for (const theft of THEFTS) assert.equal(await steal(issued, theft), "operation_unknown", theft[0]);
  assert.equal(salesforce.received.length, before, "nothing of this reached Salesforce");
  const direct = await fetch(salesforce.origin + CASE, { headers: { authorization: `Bearer ${stolen}` } });
  assert.match(await direct.text(), /INVALID_SESSION_ID/);
  assert.equal(await codeOf(await agent.fetch(url)), "ok", "its holder may");
  onlyGranted(salesforce);
  await agent.complete();
  const late = salesforce.received.length;
  await until("the end is heard of", async () => (await codeOf(await agent.fetch(url))) === "invalid_token");
  assert.equal(await steal(issued, ["its own record", "GET", CASE]), "invalid_token");
  assert.ok(salesforce.received.length - late <= 1, "a call that began before the end may be through");
});

test("[connectors.salesforce-within] a grant for the cases of one account reads and edits those; another account's case is as good as absent, also after a case went over to it", async () => {
  await using salesforce = await startSalesforce();
  const acme = { within: { type: "account", identifier: IDS.acme } };
  await using remit = await connected(salesforce, acme);
  const { agent, held } = await issueToken(remit, {
    resource: "salesforce-acme",
    authorizationDetails: ["case", "contact"].map((type) => ({ type: `salesforce-acme.${type}`, ...acme })),
  });
  const ask = async (id: string, method = "GET", type = "Case"): Promise<string> => {
    const body = type === "Case" ? '{"Priority":"High"}' : '{"Email":"new@acme.example"}';
    const edit = { headers: { "content-type": "application/json" }, body };
    const path = `/services/data/v50.0/sobjects/${type}/${id}`;
    return codeOf(await agent.fetch(held.resource + path, { method, ...(method === "GET" ? {} : edit) }));
  };
  for (const id of [IDS.granted, IDS.sibling])
    assert.deepEqual([await ask(id), await ask(id, "PATCH")], ["ok", "ok"], id);
  const refused = "record_not_granted";
  const contacts = [IDS.person, IDS.stranger].map(async (id) => [
    await ask(id, "GET", "Contact"),
    await ask(id, "PATCH", "Contact"),
  ]);
  assert.deepEqual(await Promise.all(contacts), [
    ["ok", "ok"],
    [refused, refused],
  ]);
  assert.deepEqual([await ask(IDS.foreign), await ask(IDS.foreign, "PATCH")], [refused, refused]);
  assert.equal(await ask(longId("5005g00000NoSuc")), refused, "one that does not exist");
  assert.equal(await ask(IDS.acme), "operation_unknown", "an account is no case");
  const moved = salesforce.org.find("Case", IDS.sibling);
  assert.ok(moved !== undefined);
  salesforce.org.write(moved, { AccountId: IDS.globex });
  assert.deepEqual([await ask(IDS.sibling), await ask(IDS.sibling, "PATCH")], [refused, refused]);
  assert.deepEqual([...salesforce.org.changed].filter((what) => what.endsWith("Priority")).sort(), [
    `Case ${IDS.granted} Priority`,
    `Case ${IDS.sibling} Priority`,
  ]);
  assert.ok(!salesforce.org.changed.has(`Case ${IDS.foreign} Priority`));
});

const KINDS = [
  { type: "Account", id: IDS.acme, read: { Name: "Acme" }, edit: { Phone: "+1 555 0111" }, odd: { Name: "Other" } },
  {
    type: "Contact",
    id: IDS.person,
    read: { LastName: "Doe" },
    edit: { Email: "d@acme.example" },
    odd: { Phone: "1" },
  },
  {
    ...{ type: "Opportunity", id: IDS.deal, read: { Amount: 1200.5, StageName: "Prospecting" } },
    ...{ edit: { Amount: 4999.99 }, odd: { StageName: "Closed Won" } },
  },
] as const;

test("[connectors.salesforce-types] accounts, contacts and opportunities are granted by their 18-character id, read and edited by their named fields", async () => {
  await using salesforce = await startSalesforce();
  await using remit = await connected(salesforce);
  for (const { type, id, read, edit, odd } of KINDS) {
    const { agent, held } = await issueToken(remit, {
      resource: "salesforce-acme",
      authorizationDetails: [{ type: `salesforce-acme.${type.toLowerCase()}`, identifier: id }],
    });
    const ask = async (spelled: string, body?: JsonObject): Promise<Response> =>
      agent.fetch(`${held.resource}${DATA}/sobjects/${type}/${spelled}`, {
        ...(body === undefined ? {} : { method: "PATCH", body: JSON.stringify(body) }),
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" } }),
      });
    const answer = await ask(id);
    assert.equal(answer.status, 200, type);
    assert.deepEqual(await answer.json(), { attributes: { type }, Id: id, ...read });
    assert.equal(await codeOf(await ask(id, edit)), "ok");
    assert.equal(await codeOf(await ask(id, odd)), "field_not_granted");
    assert.equal(await codeOf(await ask(id.slice(0, 15))), "operation_unknown", "the short form of the id");
  }
  assert.deepEqual(
    [...salesforce.org.changed].sort(),
    KINDS.map(({ type, id, edit }) => `${type} ${id} ${Object.keys(edit).join()}`).sort(),
  );
});
