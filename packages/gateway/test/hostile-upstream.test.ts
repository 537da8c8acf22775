import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { gatewayWorld, type GatewayWorld, ISSUE, SECRET, USER } from "./support/gateway-world.ts";
import { ISSUE_ANSWER, sendJson } from "./support/upstream.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';
const issue = (fields: unknown, more: object = {}): object => ({ ...ISSUE_ANSWER, fields, ...more });

/** What a read of the issue says when the upstream answers like this. */
async function readAs(
  world: GatewayWorld,
  answer: (response: ServerResponse) => void,
): ReturnType<GatewayWorld["call"]> {
  world.upstream.answer = (_request, response) => {
    answer(response);
    return true;
  };
  return world.call("GET", ISSUE);
}

test("[gateway.reflection-withheld] a credential that comes back in any spelling, also partly escaped, is withheld with an alarm", async (t) => {
  const world = await gatewayWorld(t);
  const bytes = Buffer.from(SECRET);
  const pair = Buffer.from(`${USER}:${SECRET}`);
  const everyOther = (escape: (character: string) => string): string =>
    [...SECRET].map((character, at) => (at % 2 === 0 ? character : escape(character))).join("");
  const code = (character: string, size: number): string => character.charCodeAt(0).toString(16).padStart(size, "0");
  const spelled = [
    ...[
      SECRET,
      pair.toString(),
      pair.toString("base64"),
      pair.toString("base64url"),
      `Basic ${pair.toString("base64")}`,
    ],
    ...[
      bytes.toString("base64"),
      bytes.toString("base64url"),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
    ],
    ...["x", "xy", "xyz"].map((before) => Buffer.from(`${before}${SECRET}tail`).toString("base64")),
    ...[encodeURIComponent(SECRET), encodeURIComponent(encodeURIComponent(SECRET)), encodeURI(SECRET)],
    ...[[...SECRET].toReversed().join(""), SECRET.toUpperCase(), SECRET.toLowerCase(), [...SECRET].join(" ")],
    ...[
      everyOther((one) => `%${code(one, 2)}`),
      everyOther((one) => `&#${one.charCodeAt(0)};`),
      everyOther((one) => `&#x${code(one, 2)};`),
    ],
    ...[
      everyOther((one) => `%25${code(one, 2)}`),
      `${SECRET.slice(0, 9)}\n${SECRET.slice(9)}`,
      SECRET.replace("&", "&amp;"),
    ],
    ...[Buffer.from(SECRET, "utf16le").toString("base64"), [...bytes].join(","), [...bytes].join(", ")],
  ];
  const texts = spelled.map((text) => JSON.stringify(issue({ summary: `before ${text} after` })));
  const escaped = [
    everyOther((one) => `\\u${code(one, 4)}`),
    [...SECRET].map((one) => `\\u${code(one, 4).toUpperCase()}`).join(""),
    SECRET.replaceAll("/", "\\/"),
    everyOther((one) => `\\u0025${code(one, 2)}`),
  ].map((text) => JSON.stringify(issue({ summary: "HERE" })).replace("HERE", text));
  const places = [
    issue({ summary: "x" }, { names: { [SECRET]: 1 } }),
    issue({ summary: "x", description: SECRET }),
    issue({ summary: "x" }, { changelog: [[[SECRET]]] }),
  ].map((one) => JSON.stringify(one));
  for (const text of [...texts, ...escaped, ...places]) {
    const answer = await readAs(world, (response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(text),
    );
    assert.equal(answer.code, "reflected_secret", text);
    assert.equal(answer.status, 502);
    assert.ok(!answer.text.includes(SECRET));
  }
  for (const status of [200, 400, 401, 404, 500, 302]) {
    const answer = await readAs(world, (response) =>
      response.writeHead(status, { "content-type": "text/html", location: `/${SECRET}` }).end(`<b>${SECRET}</b>`),
    );
    assert.equal(answer.code, "reflected_secret", `${status}`);
  }
  const alarms = world.records().filter(({ kind }) => kind === "alarm");
  assert.equal(alarms.length, texts.length + escaped.length + places.length + 6);
  assert.ok(!JSON.stringify(world.records()).includes(SECRET));
});

test("[gateway.lookup-scanned] a lookup that holds the credential is not quoted in a refusal", async (t) => {
  const world = await gatewayWorld(t);
  const partly = [...SECRET].map((one, at) => (at === 3 ? `\\u00${one.charCodeAt(0).toString(16)}` : one)).join("");
  world.upstream.answer = (_request, response) => {
    const body = JSON.stringify({ transitions: [{ id: "31", to: { name: "HERE" } }] }).replace("HERE", partly);
    response.writeHead(200, { "content-type": "application/json" }).end(body);
    return true;
  };
  for (let turn = 0; turn < 2; turn++) {
    const answer = await world.call("POST", `${ISSUE}/transitions`, { body: '{"transition":{"id":"31"}}' });
    assert.equal(answer.code, "reflected_secret");
    assert.ok(!answer.text.includes(SECRET));
  }
});

test("[gateway.no-redirect] no redirect is followed, and nothing of it is passed on", async (t) => {
  const world = await gatewayWorld(t);
  for (const status of [300, 301, 302, 303, 304, 307, 308]) {
    const answer = await readAs(world, (response) =>
      response
        .writeHead(status, { location: `${world.upstream.origin}/followed`, "set-cookie": "a=b", link: "</x>" })
        .end(),
    );
    assert.equal(answer.code, "upstream_refused", `${status}`);
    for (const header of ["location", "set-cookie", "link"]) assert.equal(answer.headers.get(header), null);
  }
  assert.ok(!world.upstream.reached.some(({ url }) => url.includes("followed")));
  // the cookie that came with one answer goes out with none
  assert.ok(
    !world.upstream.reached.some(({ rawHeaders }) => rawHeaders.some((name) => name.toLowerCase() === "cookie")),
  );
});

test("[gateway.answer-declared] of an answer only what is declared and granted is released, with headers of our own", async (t) => {
  const world = await gatewayWorld(t);
  const headers = {
    ...{ "content-type": "application/json", "set-cookie": "a=b", "content-security-policy": "x", etag: '"1"' },
    ...{
      link: "<https://evil.example>",
      "x-secret": "UNGRANTED",
      "access-control-allow-origin": "*",
      refresh: "0; url=x",
    },
    ...{ "www-authenticate": "Basic", "dpop-nonce": "theirs", "cache-control": "public" },
  };
  const answer = await readAs(world, (response) => response.writeHead(200, headers).end(JSON.stringify(ISSUE_ANSWER)));
  assert.equal(answer.status, 200);
  assert.ok(!answer.text.includes("UNGRANTED") && !answer.text.includes("https:"), answer.text);
  const names = [...answer.headers.keys()].filter((name) => !["connection", "date", "keep-alive"].includes(name));
  const own = ["cache-control", "content-length", "content-type", "dpop-nonce", "x-content-type-options"];
  assert.deepEqual(names.toSorted(), own);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.notEqual(answer.headers.get("dpop-nonce"), "theirs");
});

test("[gateway.odd-answers] an answer about another record, of another form, size, type or encoding is withheld", async (t) => {
  const world = await gatewayWorld(t);
  const json =
    (body: unknown, status = 200, type = "application/json") =>
    (response: ServerResponse): void =>
      void response
        .writeHead(status, { "content-type": type })
        .end(typeof body === "string" ? body : JSON.stringify(body));
  const bytes =
    (body: Buffer, headers: Readonly<Record<string, string>>) =>
    (response: ServerResponse): void =>
      void response.writeHead(200, { "content-type": "application/json", ...headers }).end(body);
  const bomb = gzipSync(Buffer.alloc(64_000_000, " "));
  const rows: readonly (readonly [code: string, answer: (response: ServerResponse) => void])[] = [
    ...[
      { id: "10443" },
      { id: 10443 },
      { id: 10442.5 },
      { id: null },
      { id: ["10442"] },
      { id: undefined },
      { id: "10442 " },
    ].map((more) => ["record_mismatch", json(issue({}, more))] as const),
    ...[
      issue({ summary: { a: 1 } }),
      issue({ status: "Open" }),
      issue([]),
      issue("x"),
      [],
      "[]",
      "null",
      '"x"',
      "",
    ].map((body) => ["upstream_failed", json(body)] as const),
    ...[
      '{"id":"10442","id":"10443"}',
      "{",
      `${JSON.stringify(ISSUE_ANSWER)}{}`,
      "\ufeff{}",
      '{"a":9007199254740993}',
    ].map((body) => ["upstream_failed", json(body)] as const),
    ["upstream_failed", json(issue({ summary: "x".repeat(2_000_000) }))],
    ["upstream_failed", json("<html>login</html>", 200, "text/html")],
    ["upstream_failed", json(ISSUE_ANSWER, 200, "text/plain")],
    ["upstream_failed", json(ISSUE_ANSWER, 201)],
    ["upstream_failed", (response) => void response.writeHead(204).end()],
    ["upstream_failed", bytes(bomb, { "content-encoding": "gzip" })],
    ["upstream_failed", bytes(gzipSync(JSON.stringify(ISSUE_ANSWER)), { "content-encoding": "gzip" })],
    ["upstream_failed", bytes(Buffer.from(JSON.stringify(ISSUE_ANSWER), "utf16le"), {})],
    ["upstream_failed", (response) => void response.destroy()],
    [
      "upstream_failed",
      (response) => void response.writeHead(200, { "content-length": "9" }).write("{", () => response.destroy()),
    ],
    ["upstream_refused", json({ message: "who are you" }, 401)],
    ["upstream_refused", json({ message: "not you" }, 403)],
  ];
  for (const [code, answer] of rows) {
    const answered = await readAs(world, answer);
    assert.equal(answered.code, code, `${answered.text} for ${answer.toString().slice(0, 80)}`);
    assert.equal(answered.status, 502);
    assert.ok(!answered.text.includes("UNGRANTED"));
  }
});

test("[gateway.errors-as-codes] an upstream's error is a code and the granted fields that it names, never its text", async (t) => {
  const world = await gatewayWorld(t);
  const body = {
    errorMessages: ["UNGRANTED text", "<script>"],
    errors: { priority: "UNGRANTED value", assignee: "UNGRANTED", "https://evil.example": "x" },
  };
  const rows = [
    [400, 400, "rejected"],
    [404, 404, "not_found"],
    [409, 409, "conflict"],
    [412, 412, "precondition_failed"],
    [422, 422, "rejected"],
    [429, 429, "rate_limited"],
    [418, 502, "upstream_refused"],
    [500, 502, "upstream_refused"],
    [503, 502, "upstream_refused"],
  ] as const;
  for (const [theirs, ours, code] of rows) {
    world.upstream.answer = (_request, response) => sendJson(response, theirs, body);
    const answer = await world.call("PUT", ISSUE, { body: PRIORITY });
    assert.equal(answer.status, ours);
    assert.deepEqual(JSON.parse(answer.text), {
      error: "upstream",
      // that there were too many requests is about no field
      upstream: { status: theirs, code, fields: theirs === 429 ? [] : ["priority"] },
    });
  }
});

test("[gateway.unknown-outcome] a write that was sent and not answered is recorded as unknown", async (t) => {
  const world = await gatewayWorld(t);
  world.upstream.answer = (_request, response) => {
    response.destroy();
    return true;
  };
  assert.equal((await world.call("PUT", ISSUE, { body: PRIORITY })).code, "upstream_failed");
  const outcome = world.records().find(({ kind }) => kind === "call.outcome");
  assert.equal(outcome?.body["outcome"], "unknown");
  assert.equal(world.upstream.reached.length, 1, "it is not tried again");
});
