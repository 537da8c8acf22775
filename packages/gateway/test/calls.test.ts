import assert from "node:assert/strict";
import { test } from "node:test";
import { details, GRANT, gatewayWorld, id, ISSUE, plain, SECRET, TASK, USER } from "./support/gateway-world.ts";
import { sendJson } from "./support/upstream.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';
const move = (transition: string): string => JSON.stringify({ transition: { id: transition } });

test("[gateway.call-rebuilt] what is sent is made of the decision alone: fixed headers, pinned id, our credential", async (t) => {
  const world = await gatewayWorld(t);
  const smuggled = [
    ...["x-forwarded-for", "x-atlassian-token", "cookie", "range", "accept-language", "if-match", "forwarded"],
    ...[
      "x-custom",
      "traceparent",
      "referer",
      "user-agent",
      "x-real-ip",
      "idempotency-key",
      "prefer",
      "via",
      "origin-x",
    ],
    ...[
      "x-forwarded-host",
      "x-api-key",
      "private-token",
      "x-on-behalf-of",
      "x-experimentalapi",
      "x-force-accept-language",
    ],
  ];
  const headers: Readonly<Record<string, string>> = {
    ...Object.fromEntries(smuggled.map((name) => [name, "smuggled"])),
    accept: "application/json; charset=utf-8, */*;q=0.5",
  };
  for (const accept of ["text/html", "application/vnd.raw", "*/*, text/csv", "application/json;version=2", ""]) {
    const other = await world.call("GET", ISSUE, { headers: { accept } });
    assert.equal(other.code, "operation_unknown", accept);
  }
  const read = await world.call("GET", `${ISSUE}?fields=summary&fields=status`, { headers });
  assert.equal(read.status, 200, read.text);
  assert.deepEqual(JSON.parse(read.text), {
    ...{ id: "10442", key: "PROJ-42" },
    fields: { summary: "Login fails", status: { id: "1", name: "Open" } },
  });
  const edited = await world.call("PUT", ISSUE, {
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
    body: ' { "fi\\u0065lds" : {\n"priority":{"name":"Hi\\u0067h"}}}',
  });
  assert.equal(edited.status, 204, edited.text);
  const [get, put] = world.upstream.reached;
  assert.equal(get?.url, "/rest/api/3/issue/10442?fields=status%2Csummary");
  assert.deepEqual([put?.method, put?.url, put?.body], ["PUT", "/rest/api/3/issue/10442", PRIORITY]);
  const namesOf = (raw: readonly string[] = []): readonly string[] =>
    raw
      .filter((_, at) => at % 2 === 0)
      .map((name) => name.toLowerCase())
      .toSorted();
  const fixed = ["accept", "accept-encoding", "authorization", "connection", "host", "user-agent"];
  assert.deepEqual(namesOf(get.rawHeaders), fixed);
  assert.deepEqual(namesOf(put?.rawHeaders), [...fixed, "content-length", "content-type"].toSorted());
  assert.ok(!JSON.stringify(world.upstream.reached).includes("smuggled"));
  assert.ok(get.rawHeaders.includes(`Basic ${Buffer.from(`${USER}:${SECRET}`).toString("base64")}`));
});

test("[gateway.move-by-target] a move is decided by the target that this gateway read itself for that id", async (t) => {
  const world = await gatewayWorld(t);
  const moved = await world.call("POST", `${ISSUE}/transitions`, { body: move("31") });
  assert.equal(moved.status, 204, moved.text);
  assert.deepEqual(
    world.upstream.reached.map(({ method, url, body }) => [method, url, body]),
    [
      ["GET", "/rest/api/3/issue/10442/transitions", ""],
      ["POST", "/rest/api/3/issue/10442/transitions", move("31")],
    ],
  );
  for (const transition of ["41", "99"]) {
    const refused = await world.call("POST", `${ISSUE}/transitions`, { body: move(transition) });
    assert.equal(refused.code, "value_not_granted", refused.text);
  }
  const listed = await world.call("GET", `${ISSUE}/transitions`);
  assert.deepEqual(JSON.parse(listed.text), {
    transitions: [{ id: "31", name: "Review", to: { id: "3", name: "In Review" } }],
  });
  // the workflow changed: the id that once led to the granted target now leads elsewhere
  world.upstream.answer = ({ method }, response) =>
    method === "GET" && sendJson(response, 200, { transitions: [{ id: "31", name: "x", to: { name: "Done" } }] });
  const changed = await world.call("POST", `${ISSUE}/transitions`, { body: move("31") });
  assert.equal(changed.code, "value_not_granted");
  assert.equal(world.upstream.reached.filter(({ method }) => method === "POST").length, 1);
});

test("[gateway.twice-named-key] a key that the upstream lists twice means nothing, so nobody was granted it", async (t) => {
  const world = await gatewayWorld(t);
  const twice = [
    { id: "31", to: { name: "In Review" } },
    { id: "31", to: { name: "Done" } },
  ];
  world.upstream.answer = ({ method }, response) => method === "GET" && sendJson(response, 200, { transitions: twice });
  const refused = await world.call("POST", `${ISSUE}/transitions`, { body: move("31") });
  assert.equal(refused.code, "value_not_granted");
});

test("[gateway.refusal-tells-nothing] a record that exists is refused as one that does not, and nothing is asked upstream", async (t) => {
  const world = await gatewayWorld(t);
  const said = await Promise.all(
    ["PROJ-43", "NONE-99999", "10443", "999999999"].map(async (name) => {
      const answer = await world.call("GET", `/rest/api/3/issue/${name}`);
      // a name is told back as what it is spelled like, whether or not there is such a record
      const kind = /^\d/.test(name) ? "identifier" : "alias";
      assert.ok(answer.text.includes(`"sufficient":[{"type":"jira-acme.issue","${kind}":"${name}"`), answer.text);
      const text = answer.text
        .replace(`"${kind}":"${name}","actions"`, '"alias":"NAME","actions"')
        .replaceAll(name, "NAME")
        .replace(/dec_[0-9A-Z]{26}/, "DECISION");
      const headers = [...answer.headers].filter(
        ([header]) => !["date", "dpop-nonce", "content-length"].includes(header),
      );
      return { text, status: answer.status, headers };
    }),
  );
  assert.equal(new Set(said.map((one) => JSON.stringify(one))).size, 1);
  assert.deepEqual(JSON.parse(said[0]?.text ?? ""), {
    ...{ error: "insufficient_authorization_details", code: "record_not_granted" },
    ...{ error_description: "the record is not granted", decision: "DECISION" },
    ...{ operation: "jira-acme.issue.read", record: { alias: "NAME" }, over: { record: ["NAME"] } },
    ...{ sufficient: [{ type: "jira-acme.issue", alias: "NAME", actions: ["read"] }], may_ask: false, retry: false },
  });
  assert.equal(said[0]?.status, 403);
  assert.deepEqual(world.upstream.reached, []);
});

test("[gateway.own-connection] a token for another connection, connector, place or point gets nothing sent", async (t) => {
  const world = await gatewayWorld(t);
  const elsewhere = "https://evil.example/r/jira-acme";
  const rows = [
    [{ connection: id("cnx") }, "connector_changed"],
    [{ connector: "jira@sha256-AAAA" }, "connector_changed"],
    [{ aud: elsewhere }, "invalid_token"],
    [{ authorization_details: details(elsewhere) }, "invalid_token"],
    [{ authorization_details: details(world.resource, { type: "other.issue" }) }, "invalid_token"],
    [
      { authorization_details: details(world.resource, { identifier: "10443", alias: "PROJ-43" }) },
      "record_not_granted",
    ],
    [{ authorization_details: details(world.resource, { actions: ["edit"], where: {} }) }, "operation_not_granted"],
  ] as const;
  for (const [claims, code] of rows) {
    const answer = await world.call("GET", ISSUE, { claims });
    assert.equal(answer.code, code, JSON.stringify(claims));
  }
  assert.deepEqual(world.upstream.reached, []);
});

test("[gateway.intent-and-outcome] a write leaves its intent and its outcome, a read its record, and none holds a value", async (t) => {
  const world = await gatewayWorld(t);
  assert.equal((await world.call("PUT", ISSUE, { body: PRIORITY })).status, 204);
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  const [, intent, outcome, read] = world.records();
  assert.deepEqual([intent?.kind, outcome?.kind, read?.kind], ["call.intent", "call.outcome", "call.read"]);
  assert.equal(intent?.decision, outcome?.decision);
  assert.deepEqual(plain(outcome?.body), {
    ...{ operation: "jira-acme.issue.edit", class: "write", record: "10442", read: [], write: ["priority"] },
    ...{ outcome: "done", upstream_status: 204 },
  });
  assert.deepEqual(
    read?.body["read"],
    ["priority", "status", "summary"],
    "what was shown, though the call named no fields",
  );
  for (const one of [TASK, GRANT]) assert.ok(read?.ids.includes(one));
  const all = JSON.stringify(world.records());
  for (const value of [SECRET, "High", "Login fails", "UNGRANTED"]) assert.ok(!all.includes(value), value);
});

test("[gateway.refusals-counted] refusals of one grant and reason are one record a minute, whatever names are made up; those before authentication are counters", async (t) => {
  const world = await gatewayWorld(t);
  const before = world.records().length;
  // names that a caller makes up are one reason, not as many records as names
  for (let turn = 0; turn < 5; turn++) await world.call("GET", `/rest/api/3/issue/PROJ-${turn + 100}`);
  await world.call("GET", "/rest/api/3/search", {});
  await world.call("GET", ISSUE, { headers: { authorization: "DPoP x" } });
  await world.call("PUT", ISSUE, { body: "{}" });
  // a refusal is answered before its record is durable
  while (world.records().length < before + 3) await fetch(`${world.base}/healthz`);
  const refused = world.records().slice(before);
  assert.deepEqual(
    refused.map(({ kind, body }) => [kind, body["code"], body["count"]]),
    [
      ["call.refused", "record_not_granted", 1],
      ["call.refused", "operation_unknown", 1],
      ["call.refused", "body_refused", 1],
    ],
  );
  const counters = async (): Promise<Record<string, number>> =>
    (JSON.parse((await world.admin("GET", "/counters")).text) as { refused_unknown: Record<string, number> })
      .refused_unknown;
  const first = await counters();
  for (let turn = 0; turn < 3; turn++) await fetch(`${world.resource}${ISSUE}`);
  await fetch(`${world.resource}${ISSUE}`, { headers: { origin: "https://evil.example" } });
  const { token_missing: missing = 0, head_refused: heads = 0 } = first;
  assert.deepEqual(await counters(), { ...first, token_missing: missing + 3, head_refused: heads + 1 });
  assert.equal(world.records().length, before + 3);
});

test("[gateway.write-awaited] a caller who leaves does not leave a write without its outcome", async (t) => {
  const world = await gatewayWorld(t);
  await world.call("GET", ISSUE);
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  world.upstream.answer = async ({ method }) => {
    if (method !== "PUT") return false;
    arrived.resolve();
    await released.promise;
    return false;
  };
  const leaving = new AbortController();
  const called = world.call("PUT", ISSUE, { body: PRIORITY, signal: leaving.signal });
  await arrived.promise;
  leaving.abort();
  await assert.rejects(called, { name: "AbortError" });
  // the gateway has seen that the caller left when it answers somebody else
  await world.call("GET", ISSUE);
  released.resolve();
  for (;;) {
    const outcome = world.records().find(({ kind }) => kind === "call.outcome");
    if (outcome !== undefined) {
      assert.deepEqual([outcome.body["outcome"], outcome.body["upstream_status"]], ["done", 204]);
      break;
    }
    await world.call("GET", ISSUE);
  }
});
