import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import { type GatewayWorld, gatewayWorld, ISSUE } from "./support/gateway-world.ts";

const PRIORITY = '{"fields":{"priority":{"name":"High"}}}';

test("[gateway.body-one-reading] a body of another type, encoding, size or reading is refused before anything is sent", async (t) => {
  const world = await gatewayWorld(t);
  const types = [
    ...["text/plain", "application/json;charset=utf-8", "application/json; charset=UTF-8"],
    ...["application/json; charset=utf-16", "Application/JSON", "application/json, text/plain", "application/jsonx"],
    ...["application/json; charset=utf-8; x=y", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"],
    ...["application/json;", "application/merge-patch+json", "application/json; boundary=x", '"application/json"'],
  ];
  for (const type of types) {
    const answer = await world.call("PUT", ISSUE, { body: PRIORITY, headers: { "content-type": type } });
    assert.equal(answer.code, "body_refused", type);
  }
  const bodies: readonly (string | Uint8Array)[] = [
    ...[`\ufeff${PRIORITY}`, `${PRIORITY}${PRIORITY}`, PRIORITY.replaceAll('"', "'"), `${PRIORITY}//`, "", " "],
    ...['{"fields":{"priority":{"name":"High"}},"fields":{"assignee":{"accountId":"m"}}}'],
    ...['{"fields":{"priority":{"name":"High"},"pri\\u006frity":{"name":"Low"}}}', '{"__proto__":{"fields":{}}}'],
    ...['{"fields":{"__proto__":{"name":"High"}}}', '{"fields":{"constructor":{"name":"High"}}}', '{"fields":null}'],
    ...[
      '{"fields":{"priority":null}}',
      '{"fields":{"priority":{"name":null}}}',
      '{"fields":{"priority":{"name":9007199254740993}}}',
    ],
    ...['{"fields":{"priority":{"name":"\\ud800"}}}', '{"fields":{"priority":{"name":1e400}}}', "NaN", "[]", '"x"'],
    `{"fields":${"[".repeat(200)}${"]".repeat(200)}}`,
    JSON.stringify({ fields: { priority: { name: "x".repeat(70_000) } } }),
    Buffer.concat([Buffer.from('{"fields":{"priority":{"name":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}}}')]),
    Buffer.from(PRIORITY, "utf16le"),
    gzipSync(PRIORITY),
  ];
  for (const body of bodies) {
    const answer = await world.call("PUT", ISSUE, { body });
    assert.ok(
      ["body_refused", "field_not_granted"].includes(answer.code),
      `${answer.code} ${String(body).slice(0, 80)}`,
    );
  }
  const encoded = await world.call("PUT", ISSUE, { body: gzipSync(PRIORITY), headers: { "content-encoding": "gzip" } });
  assert.equal(encoded.code, "body_refused");
  assert.deepEqual(world.upstream.reached, []);
  assert.equal((await world.call("PUT", ISSUE, { body: PRIORITY })).status, 204, "the good one is taken");
});

test("[gateway.body-limit] an operation takes no more bytes than it declares, and the refusal arrives on the same connection", async (t) => {
  const world = await gatewayWorld(t);
  await world.call("GET", ISSUE);
  const path = `${ISSUE}/transitions`;
  const before = world.upstream.reached.length;
  const body = JSON.stringify({ transition: { id: "31" } }) + " ".repeat(140_000);
  const announced = await world.call("POST", path, { body });
  assert.equal(announced.code, "body_refused");
  const chunked = await world.raw(
    lines(world, "POST", path, ["Content-Type: application/json", "Transfer-Encoding: chunked"]) +
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  assert.match(chunked, /^HTTP\/1\.1 400 /);
  assert.match(chunked, /"code":"body_refused"/);
  const head = lines(world, "POST", path, ["Content-Type: application/json", "Transfer-Encoding: chunked"]);
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const next = `GET /healthz HTTP/1.1\r\nHost: ${new URL(world.base).host}\r\nConnection: close\r\n\r\n`;
  const both = await world.raw(`${head.replace("Connection: close\r\n", "")}${chunk.repeat(20)}0\r\n\r\n${next}`);
  assert.deepEqual(both.match(/HTTP\/1\.1 \d{3}/g), ["HTTP/1.1 400", "HTTP/1.1 200"], "the connection goes on");
  assert.equal(world.upstream.reached.length, before);
});

/** A request head of the granted caller. */
const lines = (
  world: GatewayWorld,
  method: string,
  path: string,
  more: readonly string[] = [],
  target = `/r/jira-acme${path}`,
): string => {
  const host = new URL(world.base).host;
  // the proof is for this very target, so that nothing but the target itself is what is refused
  const proven = target.startsWith("/r/jira-acme/") ? target.slice("/r/jira-acme".length) : path;
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: close",
    ...world.authority(method, proven),
  ];
  return `${[...head, ...more].join("\r\n")}\r\n\r\n`;
};

test("[gateway.head-one-reading] a request with two readings, or with a door beside HTTP, reaches nothing", async (t) => {
  const world = await gatewayWorld(t);
  assert.equal((await world.call("GET", ISSUE)).status, 200);
  const good = await world.raw(lines(world, "GET", ISSUE));
  assert.match(good, /^HTTP\/1\.1 200 /, "the form of these requests is taken");
  const before = world.upstream.reached.length;
  const { host } = new URL(world.base);
  const get = (more: readonly string[], target?: string): string => lines(world, "GET", ISSUE, more, target);
  const put = (more: readonly string[], body: string): string =>
    lines(world, "PUT", ISSUE, ["Content-Type: application/json", ...more]) + body;
  const size = `Content-Length: ${PRIORITY.length}`;
  const targets = [
    ...[`http://${host}/r/jira-acme${ISSUE}`, `//${host}/r/jira-acme${ISSUE}`, `http://evil.example${ISSUE}`, "*"],
    ...[`/r/jira-acme/.${ISSUE}`, `/r/jira-acme/x/..${ISSUE}`, `/r/jira-acme/%2e%2e/jira-acme${ISSUE}`],
    ...[`/r/jira-acme${ISSUE}/`, `/r//jira-acme${ISSUE}`, `/r/jira-acme/${ISSUE}`, `\\r\\jira-acme${ISSUE}`],
    ...[
      "/%2e%2e/10443",
      "/.%2E/PROJ-43",
      "%2f..%2fPROJ-43",
      ";x=1/../PROJ-43",
      "%00",
      "%0d%0a",
      ".json",
      "%20",
      "#x",
    ].map((tail) => `/r/jira-acme${ISSUE}${tail}`),
    ...[
      "%50ROJ-42",
      "proj-42",
      "PROJ-42%00",
      "PROJ-042",
      "ＰROJ-42",
      "PROJ%2D42",
      "PROJ-42,PROJ-43",
      "PROJ-42;PROJ-43",
    ].map((name) => `/r/jira-acme/rest/api/3/issue/${name}`),
    ...["/R/jira-acme", "/r/JIRA-ACME", "/r/jira-acm%65", "/r/other"].map((prefix) => prefix + ISSUE),
    ...["?fields=*all", "?expand=versionedRepresentations", "?fields=summary&expand=changelog", "?properties=*all"].map(
      (query) => `/r/jira-acme${ISSUE}${query}`,
    ),
    ...[
      "?fields[]=summary",
      "?Fields=summary",
      "?fields=summary;expand=x",
      "?_method=DELETE",
      "?fields=summary,summary",
    ].map((query) => `/r/jira-acme${ISSUE}${query}`),
    ...[
      "?fieldsByKeys=true",
      "?updateHistory=true",
      "?fields=-description",
      "?fields=%2Aall",
      "?fields=%252Aall",
      "??fields=summary",
    ].map((query) => `/r/jira-acme${ISSUE}${query}`),
  ];
  const requests = [
    ...targets.map((target) => get([], target)),
    ...[`Host: ${host}`, "Host: evil.example", "Expect: 100-continue", "Upgrade: websocket", "TE: trailers"].map(
      (line) => get([line]),
    ),
    ...["X-HTTP-Method-Override: DELETE", "X-Original-URL: /x", "X-Rewrite-URL: /x", "X-Method-Override: PUT"].map(
      (line) => get([line]),
    ),
    ...["Proxy-Authorization: x", "Trailer: x", "Origin: https://evil.example", "Content-Length: 2", "a b: c"].map(
      (line) => get([line]),
    ),
    ...["Authorization: Bearer x", "Transfer-Encoding: chunked", "DPoP: x", "x: a\x00b", "x: a\nb: c"].map((line) =>
      get([line]),
    ),
    get([]).replace(`Host: ${host}`, "Host: evil.example"),
    get([]).replace(`Host: ${host}\r\n`, ""),
    get([]).replace("HTTP/1.1", "HTTP/1.0").replace("Connection: close", "X: y").replace(`Host: ${host}\r\n`, ""),
    get([]).replace("GET ", "get "),
    get([]).replace("GET ", "CONNECT "),
    get([]).replace("GET ", "TRACE "),
    get([]).replace("GET ", "PROPFIND "),
    get([" folded: x"]),
    get([`x: ${"a".repeat(20_000)}`]),
    put([size, "Transfer-Encoding: chunked"], `0\r\n\r\n${PRIORITY}`),
    put([size, size], PRIORITY),
    put([size, "Content-Length: 3"], PRIORITY),
    put([`Content-Length: +${PRIORITY.length}`], PRIORITY),
    put([`Content-Length: ${PRIORITY.length},${PRIORITY.length}`], PRIORITY),
    put(["Transfer-Encoding: chunked, identity"], `0\r\n\r\n`),
    put(["Transfer-Encoding: xchunked"], `0\r\n\r\n`),
    put(["Transfer-Encoding : chunked"], `0\r\n\r\n`),
    put(["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], `0\r\n\r\n`),
    put(["Transfer-Encoding: chunked"], `-1\r\n${PRIORITY}\r\n0\r\n\r\n`),
    put([size, "Content-Type: text/plain"], PRIORITY),
  ];
  const answers = await Promise.all(requests.map(async (request) => world.raw(request)));
  const taken = requests.filter((_, at) => /^HTTP\/1\.1 2/.test(answers[at] ?? ""));
  assert.deepEqual(taken, []);
  assert.deepEqual(world.upstream.reached.slice(before), []);
});
