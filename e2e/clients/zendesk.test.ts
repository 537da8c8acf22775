import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { isJsonObject, readJson } from "@remit/core";
import { ACME, ANN, BOB, EVE, GLOBEX, GLOBEX_TEXTS } from "../support/upstreams/zendesk-records.ts";
import { ZENDESK_TOKEN } from "../support/upstreams/zendesk.ts";
import { type AgentClient, clientFor, type Desk, sitDown, startDesk } from "./zendesk-desk.ts";

const OURS = 35436;
const THEIRS = 35440;

/** What the client's last call was refused with. */
async function refusalOf({ answers }: AgentClient, run: () => Promise<unknown>): Promise<string> {
  const before = answers.length;
  await assert.rejects(run);
  assert.equal(answers.length, before + 1, "one request, one answer");
  return codeIn(answers.at(-1)?.text ?? "");
}

const codeIn = (text: string): string => /"code":"([a-z_]+)"/.exec(text)?.[1] ?? "no code";

const deedsIn = ({ zendesk }: Desk, from: number): readonly string[] =>
  zendesk.deeds.slice(from).map(({ method, target }) => `${method} ${target}`);

function assertSilent(texts: readonly string[]): void {
  assert.notEqual(texts.length, 0);
  for (const text of texts)
    for (const secret of [...GLOBEX_TEXTS, ZENDESK_TOKEN])
      assert.ok(!text.includes(secret), `\`${secret}\` in ${text}`);
}

test("[zendesk.one-customer] node-zendesk as it comes reads, lists, changes and comments on one customer's tickets, sees granted fields and public comments only, and is nobody else", async () => {
  await using desk = await startDesk();
  const { client, answers, agent, resource } = await clientFor(desk, "customer", "admin@desk.example");
  const shown = await client.tickets.show(OURS);
  assert.deepEqual(shown.result, {
    id: OURS,
    subject: "Login answers 500",
    status: "open",
    priority: "normal",
    tags: ["web"],
  });
  const list = await client.tickets.listByOrganization(ACME);
  assert.deepEqual(
    list.map(({ id }) => id),
    [35436, 35437, 35438],
  );
  const comments: unknown[] = await client.tickets.getComments(OURS);
  assert.deepEqual(comments, [
    {
      ...{ id: OURS * 10, author_id: ANN, body: "It answers 500 since noon", public: true },
      created_at: "2026-11-24T09:00:00Z",
    },
  ]);
  assert.deepEqual((await client.organizations.show(ACME)).result, { id: ACME, name: "Acme" });
  assert.deepEqual((await client.users.show(BOB)).result, { id: BOB, name: "Bob Birch" });
  await client.tickets.update(OURS, { ticket: { status: "pending", priority: "high" } });
  await client.tickets.update(OURS, { ticket: { comment: { body: "looked into it", public: false } } });
  const ticket = desk.zendesk.account.tickets.get(OURS);
  assert.equal(ticket?.fields["status"], "pending");
  assert.deepEqual(ticket?.comments.at(-1), { id: 354362, author_id: 9002, body: "looked into it", public: false });
  for (const { as } of desk.zendesk.deeds) assert.equal(as, "svc@desk.example");
  assertSilent(answers.map(({ text }) => text));
  // two pages, and the way to the second one leads through the gateway
  const first = await agent.fetch(`${resource}/api/v2/organizations/${ACME}/tickets.json?page%5Bsize%5D=2`);
  const page = readJson(await first.text());
  assert.ok(page.ok && isJsonObject(page.value) && isJsonObject(page.value["links"]));
  const next = String(page.value["links"]["next"]);
  assert.ok(next.startsWith(`${resource}/api/v2/organizations/${ACME}/tickets.json?`), next);
  const second = readJson(await (await agent.fetch(next)).text());
  assert.ok(second.ok && isJsonObject(second.value));
  assert.equal(JSON.stringify(second.value["tickets"]).includes("Export is slow"), true);
  assert.equal(page.value["count"], undefined);
});

test("[zendesk.other-customer] another customer's tickets, people and organisation are refused as what is not there, and nothing but the gateway's own read of them reaches Zendesk", async () => {
  await using desk = await startDesk();
  const at = await clientFor(desk, "customer");
  const { client, answers } = at;
  const attempts = (ticket: number, user: number, organization: number): readonly (() => Promise<unknown>)[] => [
    async () => client.tickets.show(ticket),
    async () => client.tickets.getComments(ticket),
    async () => client.tickets.update(ticket, { ticket: { status: "solved" } }),
    async () => client.tickets.update(ticket, { ticket: { comment: { body: "hello", public: false } } }),
    async () => client.users.show(user),
    async () => client.tickets.listByUserRequested(user),
    async () => client.organizations.show(organization),
    async () => client.tickets.listByOrganization(organization),
  ];
  const told = async (ids: readonly [number, number, number]): Promise<readonly string[]> => {
    const from = answers.length;
    for (const attempt of attempts(...ids)) assert.equal(await refusalOf(at, attempt), "record_not_granted");
    return answers
      .slice(from)
      .map(({ text }) =>
        ids.reduce((said, id) => said.replaceAll(String(id), "ID"), text).replaceAll(/dec_\w+/g, "dec"),
      );
  };
  assert.deepEqual(await told([THEIRS, EVE, GLOBEX]), await told([37777, 6888, 369999]));
  // besides the look at Acme when the task began: the proof of the one record that was named
  const deeds = desk.zendesk.deeds.filter(({ target }) => target !== `/api/v2/organizations/${ACME}.json`);
  assert.ok(deeds.every(({ method, changed }) => method === "GET" && changed.length === 0));
  for (const { target } of deeds)
    assert.match(target, /^\/api\/v2\/(?:tickets|users)\/(?:35440|37777|6001|6888)\.json$/);
  // one of the staff is no customer, wherever she belongs
  assert.equal(await refusalOf(at, async () => client.users.show(9002)), "record_not_granted");
  assertSilent(answers.map(({ text }) => text));
});

test("[zendesk.moved] a ticket that another customer got is gone from what is read, listed and written", async () => {
  await using desk = await startDesk();
  const at = await clientFor(desk, "customer");
  const { client } = at;
  const moved = desk.zendesk.account.tickets.get(35437);
  assert.ok(moved !== undefined);
  desk.zendesk.account.tickets.set(35437, { ...moved, fields: { ...moved.fields, organization_id: GLOBEX } });
  assert.equal(await refusalOf(at, async () => client.tickets.show(35437)), "record_not_granted");
  assert.equal(
    await refusalOf(at, async () => client.tickets.update(35437, { ticket: { status: "solved" } })),
    "record_not_granted",
  );
  const listed = await client.tickets.listByOrganization(ACME);
  assert.deepEqual(
    listed.map(({ id }) => id),
    [35436, 35438],
  );
  assert.equal(desk.zendesk.account.tickets.get(35437)?.fields["status"], "open");
});

test("[zendesk.comment-pages] the client turns the pages of a long conversation through the gateway, and gets what is public of each", async () => {
  await using desk = await startDesk();
  const { client, answers, resource } = await clientFor(desk, "customer");
  const ticket = desk.zendesk.account.tickets.get(35438) ?? assert.fail();
  const said = Array.from({ length: 250 }, (_, id) => ({
    id,
    author_id: ANN,
    body: `no. ${id}`,
    public: id % 5 !== 0,
  }));
  desk.zendesk.account.tickets.set(35438, { ...ticket, comments: said });
  const got: readonly { readonly id: number }[] = await client.tickets.getComments(35438);
  assert.deepEqual(
    got.map(({ id }) => id),
    said.filter((comment) => comment.public).map(({ id }) => id),
  );
  assert.equal(answers.length, 3);
  assert.ok(answers[0]?.text.includes(`"next_page":"${resource}/api/v2/tickets/35438/comments.json?page=2"`));
  assert.ok(answers.every(({ text }) => !text.includes("count")));
});

test("[zendesk.listing-dropped] what a listing says of another customer is dropped and not counted", async () => {
  await using desk = await startDesk();
  const { agent, resource } = await clientFor(desk, "customer");
  const { upstream } = desk.zendesk;
  const before = await (await agent.fetch(`${resource}/api/v2/organizations/${ACME}/tickets.json`)).text();
  // an upstream that takes no notice of which customer was asked for
  desk.zendesk.account.listsAll = true;
  const after = await (await agent.fetch(`${resource}/api/v2/organizations/${ACME}/tickets.json`)).text();
  assert.equal(after, before);
  assertSilent([after]);
  assert.ok(desk.zendesk.deeds.at(-1)?.told.includes(THEIRS), "the upstream did tell of it");
  assert.equal(upstream.requests.length, desk.zendesk.deeds.length);
});

test("[zendesk.one-requester] a grant of one requester holds her tickets, not her colleague's, nor the organisation's", async () => {
  await using desk = await startDesk();
  const at = await clientFor(desk, "requester");
  const { client } = at;
  assert.deepEqual((await client.tickets.show(OURS)).result, { id: OURS, subject: "Login answers 500" });
  const own = await client.tickets.listByUserRequested(ANN);
  assert.deepEqual(
    own.map(({ id }) => id),
    [35436, 35438],
  );
  const refused: readonly (readonly [code: string, attempt: () => Promise<unknown>])[] = [
    ["record_not_granted", async () => client.tickets.show(35437)],
    ["record_not_granted", async () => client.tickets.listByUserRequested(BOB)],
    ["record_not_granted", async () => client.tickets.listByOrganization(ACME)],
    ["record_not_granted", async () => client.users.show(ANN)],
    ["operation_not_granted", async () => client.tickets.update(OURS, { ticket: { status: "solved" } })],
    ["operation_not_granted", async () => client.tickets.getComments(OURS)],
  ];
  for (const [code, attempt] of refused) assert.equal(await refusalOf(at, attempt), code);
  assertSilent(at.answers.map(({ text }) => text));
});

test("[zendesk.side-doors] bulk calls, search, exports, merging, audits, creation and comments that the customer would see are refused before anything is sent", async () => {
  await using desk = await startDesk();
  const at = await clientFor(desk, "customer");
  const { client } = at;
  const begun = desk.zendesk.deeds.length;
  const closed: readonly (readonly [code: string, attempt: () => Promise<unknown>])[] = [
    ["operation_unknown", async () => client.tickets.list()],
    ["operation_unknown", async () => client.tickets.showMany([OURS, THEIRS])],
    ["operation_unknown", async () => client.tickets.updateMany([OURS], { ticket: { status: "solved" } })],
    ["operation_unknown", async () => client.tickets.deleteMany([OURS])],
    ["operation_unknown", async () => client.tickets.delete(OURS)],
    ["operation_unknown", async () => client.tickets.merge(OURS, { ids: [THEIRS] })],
    ["operation_unknown", async () => client.tickets.create({ ticket: { subject: "x", organization_id: ACME } })],
    ["operation_unknown", async () => client.tickets.export("1")],
    ["operation_unknown", async () => client.tickets.incremental("1")],
    ["operation_unknown", async () => client.tickets.exportAudit(OURS)],
    ["operation_unknown", async () => client.search.query(`organization:${ACME}`)],
    ["operation_unknown", async () => client.requests.getRequest(OURS)],
    ["operation_unknown", async () => client.users.me()],
    ["field_not_granted", async () => client.tickets.update(OURS, { ticket: { organization_id: GLOBEX } })],
    ["field_not_granted", async () => client.tickets.update(OURS, { ticket: { requester_id: EVE } })],
    ["value_not_granted", async () => client.tickets.update(OURS, { ticket: { comment: { body: "hello" } } })],
    [
      "value_not_granted",
      async () => client.tickets.update(OURS, { ticket: { comment: { body: "hello", public: true } } }),
    ],
    [
      "field_not_granted",
      async () => client.tickets.update(OURS, { ticket: { status: "solved", comment: { body: "a", public: false } } }),
    ],
  ];
  for (const [code, attempt] of closed) assert.equal(await refusalOf(at, attempt), code, String(attempt));
  client.tickets.setSideLoad(["users", "organizations"]);
  assert.equal(await refusalOf(at, async () => client.tickets.show(OURS)), "operation_unknown");
  assert.deepEqual(deedsIn(desk, begun), []);
});

test("[zendesk.run] a program under `remit run` works on one ticket with node-zendesk as it comes and without a secret", async () => {
  await using desk = await startDesk();
  await sitDown(desk);
  const { account } = desk.zendesk;
  const said = Array.from({ length: 150 }, (_, id) => ({ id, author_id: ANN, body: `no. ${id}`, public: true }));
  account.tickets.set(OURS, { fields: account.tickets.get(OURS)?.fields ?? {}, comments: said });
  const program = join(import.meta.dirname, "zendesk-program.ts");
  const on = ["run", "--policy", "one-ticket", "--on", `zendesk-acme.ticket:${OURS}`];
  const { code, stdout, stderr } = await desk.remit.command([...on, "--", process.execPath, program]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    stdout.split("\n").filter((line) => line.startsWith("{")),
    [`{"subject":"Login answers 500","status":"solved","comments":150,"other":"refused","knows":[]}`],
  );
  assert.equal(account.tickets.get(OURS)?.fields["status"], "solved");
  assert.deepEqual(new Set(desk.zendesk.deeds.flatMap(({ told }) => told)), new Set([OURS]));
});
