import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { beginDrill, codeIn, codeOf } from "../examples/ticket/src/story/drills.ts";
import { remit } from "@remit/testkit";
import { sendRaw } from "../examples/ticket/src/story/raw.ts";
import { testWorld } from "./world.ts";

test("[cli.up-contract] `remit up` prints the addresses that its contract names", async () => {
  await using world = await testWorld();
  const { ready } = world.remit;
  assert.match(String(ready["broker"]), /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(String(ready["gateway"]), /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(String(ready["console"]), /^http:\/\/localhost:\d+/);
  assert.match(String(ready["points"]), /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(typeof ready["pid"], "number");
  const status = await remit(["status", "--data", world.data, "--json"], { env: world.env });
  assert.equal(status.code, 0);
  const second = await remit(
    ["up", "--data", world.data, "--config", join(world.folder, "remit"), "--port", "0", "--json"],
    { env: world.env },
  );
  assert.equal(second.code, 1);
  assert.match(readFileSync(join(world.folder, "remit.log"), "utf8") + second.stderr, /another broker is running/);
});

test("[cli.second-up] a second `remit up` on a folder is refused and touches nothing of the first", async () => {
  await using world = await testWorld();
  const { agent, held } = await beginDrill(world);
  assert.equal(await codeOf(await agent.fetch(`${held.resource}/rest/api/3/issue/PROJ-42`)), "ok");
  const folder = join(world.data, "gateway", "log");
  const [name = ""] = readdirSync(folder);
  // a line that the first gateway has begun and not ended: whoever opens its log would cut it off
  appendFileSync(join(folder, name), '{"half');
  const before = readFileSync(join(folder, name), "utf8");
  const running = readFileSync(join(world.data, "run.json"), "utf8");
  const { brokerAdmin, gatewayAdmin, pid } = JSON.parse(running) as Sockets;
  const inodes = (): readonly number[] => [brokerAdmin, gatewayAdmin].map((socket) => statSync(socket).ino);
  const sockets = inodes();
  const second = await remit(
    ["up", "--data", world.data, "--config", join(world.folder, "remit"), "--port", "0", "--json"],
    { env: world.env },
  );
  assert.equal(second.code, 1);
  assert.match(second.stderr, /another broker is running/);
  assert.equal(readFileSync(join(folder, name), "utf8"), before);
  assert.deepEqual(inodes(), sockets);
  assert.equal(pid, world.remit.ready["pid"]);
  // the other commands still find the first
  assert.equal(readFileSync(join(world.data, "run.json"), "utf8"), running);
});

interface Sockets {
  readonly brokerAdmin: string;
  readonly gatewayAdmin: string;
  readonly pid: number;
}

test("[cli.exit-codes] commands end with the codes that scripts rely on", async () => {
  await using world = await testWorld();
  const code = async (...args: readonly string[]): Promise<number> =>
    (await remit(["--data", world.data, ...args], { env: world.env })).code;
  assert.equal(await code("task", "list"), 0);
  assert.equal(await code("no-such-command"), 2);
  assert.equal(await code("run", "--on", "jira-acme", "--", "true"), 2);
  assert.equal(await code("run", "--on", "jira-acme:PROJ-4300", "--", "true"), 4);
  assert.equal(await code("audit", "verify"), 0);
  const failing = await remit(
    ["run", "--data", world.data, "--on", "jira-acme:PROJ-42", "--", process.execPath, "-e", "process.exit(42)"],
    { env: world.env },
  );
  assert.equal(failing.code, 42);
  assert.equal(await code("logout"), 0);
  assert.equal(await code("task", "list"), 3);
});

const RAW: readonly (readonly [what: string, first: string, ...headers: string[]])[] = [
  ["an encoded dot segment", "GET /r/jira-acme/rest/api/3/issue/PROJ-42/%2e%2e/PROJ-43 HTTP/1.1"],
  ["a plain dot segment", "GET /r/jira-acme/rest/api/3/issue/PROJ-42/../PROJ-43 HTTP/1.1"],
  ["a double slash", "GET /r/jira-acme//rest/api/3/issue/PROJ-42 HTTP/1.1"],
  ["an absolute target", "GET http://127.0.0.1:1/r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1"],
  ["an authority target", "GET //127.0.0.1:1/r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1"],
  ["a path parameter", "GET /r/jira-acme/rest/api/3/issue/PROJ-42;x=1 HTTP/1.1"],
  ["an encoded slash", "GET /r/jira-acme/rest/api/3/issue%2fPROJ-42 HTTP/1.1"],
  ["a method override", "POST /r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1", "X-HTTP-Method-Override: PUT"],
  ["a repeated Host", "GET /r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1", "Host: other.example"],
  ["a body on a read", "GET /r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1", "Content-Length: 2"],
  ["an upgrade", "GET /r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1", "Connection: upgrade", "Upgrade: websocket"],
  ["another host's name", "GET /r/jira-acme/rest/api/3/issue/PROJ-42 HTTP/1.1", "Origin: http://evil.example"],
];

test("[gateway.raw-requests] what has two readings is refused before it is anything, and nothing reaches the upstream", async () => {
  await using world = await testWorld();
  const { agent, held } = await beginDrill(world);
  assert.equal(await codeOf(await agent.fetch(`${held.resource}/rest/api/3/issue/PROJ-42`)), "ok");
  const before = await world.received();
  const { host } = new URL(world.remit.gateway);
  for (const [what, first, ...headers] of RAW) {
    const { status, body } = await sendRaw(world.remit.gateway, [
      first,
      `Host: ${host}`,
      `Authorization: DPoP ${held.accessToken.reveal()}`,
      ...headers,
      "Connection: close",
    ]);
    assert.ok(
      status === 400 || status === 0 || status === 404 || codeIn(body) === "invalid_dpop_proof",
      `${what}: ${status} ${body}`,
    );
    assert.notEqual(status, 200, what);
  }
  assert.equal(await world.received(), before);
});

const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  redirect: ["upstream_refused"],
  reflect: ["reflected_secret"],
  "reflect-base64": ["reflected_secret"],
  "reflect-reversed": ["reflected_secret"],
  "wrong-id": ["record_mismatch"],
  "error-html": ["upstream_failed", "upstream_refused"],
  huge: ["upstream_failed"],
  drop: ["upstream_failed"],
  "gzip-bomb": ["upstream_failed"],
  "duplicate-keys": ["upstream_failed"],
  "wrong-type": ["upstream_failed"],
  truncated: ["upstream_failed"],
  "smuggled-headers": ["upstream_failed"],
};

test("[gateway.hostile-upstream] an upstream that misbehaves gets nothing through, and its words are not passed on", async () => {
  await using world = await testWorld();
  const secret = readFileSync(join(world.folder, "desk", "api-key"), "utf8");
  const { agent, held } = await beginDrill(world);
  const read = async (): Promise<{ status: number; text: string; headers: Headers }> => {
    const response = await agent.fetch(`${held.resource}/rest/api/3/issue/PROJ-42`);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  for (const [kind, codes] of Object.entries(HOSTILE)) {
    await world.control("/__desk/hostile", { kind, times: 1 });
    const { status, text } = await read().catch((error: unknown) => assert.fail(`${kind}: ${String(error)}`));
    assert.equal(status, 502, `${kind}: ${text}`);
    assert.ok(codes.includes(codeIn(text) ?? ""), `${kind}: ${text}`);
    assert.ok(!text.includes(secret) && !text.includes("stack trace"), kind);
  }
  for (const kind of ["extra-fields", "set-cookie", "smuggled-answer"]) {
    await world.control("/__desk/hostile", { kind, times: 1 });
    const { status, text, headers } = await read();
    assert.equal(status, 200, kind);
    assert.deepEqual(JSON.parse(text), {
      id: "10442",
      key: "PROJ-42",
      fields: { summary: "as it should be" },
    });
    assert.equal(headers.get("set-cookie"), null);
  }
  // the answer that nobody asked for is not taken for the answer to the next request
  assert.match((await read()).text, /"summary":"Login answers 500 on Safari"/);
});
