import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type PublicJwk, thumbprint } from "@remit/core";
import { createAgent, makeDpopKey, pinOf, publicJwk, sha256 } from "@remit/sdk";
import { Agent, fetch as undiciFetch } from "undici";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import { remit, startProgram } from "@remit/testkit";
import { authorize } from "../packages/cli/src/login/authorize.ts";
import { callSocket } from "../packages/cli/src/unix-http.ts";
import { selfSigned } from "../packages/sdk/test/support/certificate.ts";
import { bootHandle, newPointKey } from "./support/point.ts";
import { type Started, startRemit } from "./support/programs.ts";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // a TCP listener's address is an object
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

interface Ground {
  readonly folder: string;
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  /** PEM of the certificate of `localhost`. */
  readonly certificate: string;
  readonly tls: readonly string[];
  /** Starts a program of ours that is gone after the test. */
  run(...args: readonly string[]): Promise<Started>;
}

/** A folder with a configuration and a certificate that this user's programs believe. */
async function groundFor(t: TestContext, idp: string): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "remit-apart-"));
  const [config, cert, keyFile] = [join(folder, "remit"), join(folder, "tls.pem"), join(folder, "tls.key")];
  const key = newPointKey();
  const certificate = selfSigned(key, "localhost");
  writeFileSync(cert, certificate);
  writeFileSync(keyFile, key.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  const env = { REMIT_HOME: join(folder, "home"), NODE_EXTRA_CA_CERTS: cert };
  const started: Started[] = [];
  t.after(async () => {
    await Promise.all(started.map(async (one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  assert.equal((await remit(["init", "--idp", idp, "--config", config], { env })).code, 0);
  return {
    ...{ folder, config, env, certificate },
    tls: ["--tls-cert", cert, "--tls-key", keyFile],
    async run(...args) {
      const one = await startRemit(args, env);
      started.push(one);
      return one;
    },
  };
}

/** Fetches over TLS with one certificate as the only trust. */
function fetchTrusting(certificate: string): typeof fetch {
  const dispatcher = new Agent({ connect: { ca: certificate } });
  // undici's own fetch is the one that Node carries, but for the types of its answer
  return (async (url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch;
}

/** Whether each handle that was offered is spent, by its hash. */
function spent(data: string): Readonly<Record<string, boolean>> {
  const db = new DatabaseSync(join(data, "broker", "broker.db"));
  const rows = db.prepare("select hash, used_by from boot").all();
  db.close();
  return Object.fromEntries(rows.map((row) => [String(row["hash"]), row["used_by"] !== null]));
}

const hashOf = (handle: string): string => createHash("sha256").update(handle).digest("base64url");

test("[start.apart] a broker and a gateway of their own meet by fingerprint and one-time handle over TLS, and a call goes through", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "remit-desk-"));
  const [idp, desk] = await Promise.all([
    startProgram(here("../examples/ticket/src/idp/main.ts"), [], { log: join(folder, "idp.log") }),
    startProgram(here("../examples/ticket/src/desk/main.ts"), ["--data", join(folder, "desk")], {
      log: join(folder, "desk.log"),
    }),
  ]);
  t.after(async () => {
    await Promise.all([idp.stop(), desk.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const ground = await groundFor(t, idp.text("issuer"));
  const { config, tls, certificate } = ground;
  const [data, port, gatewayPort] = [ground.folder, await freePort(), await freePort()];
  const publicUrl = `https://localhost:${port}`;
  const listen = ["--port", String(port), "--public-url", publicUrl, ...tls];
  const broker = await ground.run("broker", "--data", join(data, "broker"), "--config", config, ...listen, "--json");
  const { issuer = "", pin = "", broker: base = "" } = broker.ready ?? {};
  assert.equal(base, publicUrl, broker.stderr());
  assert.ok(issuer.startsWith(`${publicUrl}/i/`), issuer);

  const gatewayFlags = (name: string, boot: string, more: readonly string[] = []): readonly string[] => [
    ...["gateway", "--data", join(data, name), "--broker", issuer, "--name", "gw-far", "--boot", boot, "--json"],
    ...["--port", String(gatewayPort), "--public-url", `https://localhost:${gatewayPort}`, ...tls, ...more],
  ];
  const refused = async (what: string, why: RegExp, name: string, boot: string, by = pin): Promise<void> => {
    const gateway = await ground.run(...gatewayFlags(name, boot, ["--pin", by]));
    assert.equal(gateway.ready, undefined, what);
    assert.equal(await gateway.stop(), 1, what);
    assert.match(gateway.stderr(), why, what);
  };
  const good = await bootHandle(data, { point: "gw-far" });
  await refused(
    "another fingerprint",
    /does not prove that it is the broker of --pin \(pin\)/,
    "a",
    good,
    pinOf(new Uint8Array(32)),
  );
  assert.equal(spent(data)[hashOf(good)], false, "a broker of another key is told no handle");
  const late = await bootHandle(data, { point: "gw-far" });
  const db = new DatabaseSync(join(data, "broker", "broker.db"));
  db.prepare("update boot set expires_ms = 1 where hash = ?").run(hashOf(late));
  db.close();
  const otherKey = thumbprint(publicJwk(newPointKey()), sha256);
  const wrong = {
    "an expired handle": late,
    "a handle of another name": await bootHandle(data, { point: "gw-near" }),
    "a handle of another key": await bootHandle(data, { point: "gw-far", jkt: otherKey }),
    "the owner's handle": readFileSync(join(data, "broker", "boot"), "utf8").trim(),
    "no handle": "rmt_boot_x",
    "a made-up handle": `${good.slice(0, -7)}${good.endsWith("0") ? "1" : "0"}${good.slice(-6)}`,
  };
  for (const [what, handle] of Object.entries(wrong)) {
    await refused(what, /did not enrol this point \(400\)/, "a", handle);
    assert.ok(spent(data)[hashOf(handle)] !== true, `${what} is not spent`);
  }
  await refused("a used handle's data", /not enrolled yet/, "b", "", pin);

  const printed = await remit(["gateway", "--data", join(data, "far"), "--name", "gw-far", "--print-point"], {
    env: ground.env,
  });
  const { key } = JSON.parse(printed.stdout) as { key: PublicJwk };
  const own = await bootHandle(data, { point: "gw-far", jkt: thumbprint(key, sha256) });
  const flags = gatewayFlags("far", own, ["--pin", pin]);
  const first = await ground.run(...flags);
  assert.equal(first.ready?.["gateway"], `https://localhost:${gatewayPort}`, first.stderr());
  assert.equal(spent(data)[hashOf(own)], true);
  assert.equal(await first.stop(), 0);
  await refused("a used handle", /did not enrol this point \(400\)/, "b", own);
  const gateway = await ground.run(...flags);
  assert.equal(gateway.ready?.["gateway"], `https://localhost:${gatewayPort}`, "the same command line starts it again");

  const connected = await callSocket(gateway.ready["admin"] ?? "", {
    ...{ method: "POST", path: "/connections" },
    body: {
      ...{ name: "jira-acme", resource: "jira-acme", connector: "jira", origin: desk.text("desk"), as: "service" },
      ...{ inject: { form: "basic", username: "svc-jira@acme.example" }, account: "svc", insecure_loopback: true },
      secret: readFileSync(join(folder, "desk", "api-key"), "utf8"),
    },
  });
  assert.equal(connected.status, 201, connected.text);
  const trusting = fetchTrusting(certificate);
  const [personKey, agentKey] = [makeDpopKey(), makeDpopKey()];
  const person = createAgent({ issuer, dpopKey: personKey, fetch: trusting });
  const provider = { issuer: idp.text("issuer"), clientId: "remit-cli" };
  const idToken = await authorize(provider, (page) => void loginAs(page.href, "dana"));
  const { session } = await person.openSession(idToken, "remit-cli");
  const authorizationDetails = [{ type: "jira-acme.issue", alias: "PROJ-42" }];
  const asked = { resource: "jira-acme", authorizationDetails, jkt: agentKey.jkt };
  const agent = createAgent({ issuer, dpopKey: agentKey, fetch: trusting });
  const held = await agent.start((await person.beginTask(session, asked)).start);
  assert.equal(held.resource, `https://localhost:${gatewayPort}/r/jira-acme`);
  const issue = await agent.fetch(`${held.resource}/rest/api/3/issue/PROJ-42`);
  assert.equal(issue.status, 200);
  assert.equal(((await issue.json()) as { key: string }).key, "PROJ-42");
  await agent.complete();
  assert.equal((await agent.fetch(`${held.resource}/rest/api/3/issue/PROJ-42`)).status, 401);
  assert.deepEqual(await Promise.all([gateway.stop(), broker.stop()]), [0, 0]);
});

/** Flags under which nothing may listen, and what is said about them. */
const NOT_SERVED: readonly (readonly [what: RegExp, flags: (tls: readonly string[]) => readonly string[]])[] = [
  [/is not this machine/, () => ["--host", "0.0.0.0"]],
  [/is not this machine/, () => ["--host", "0.0.0.0", "--public-url", "https://remit.example"]],
  [/is not this machine/, (tls) => ["--host", "::", ...tls]],
  [/begins with https/, (tls) => ["--host", "0.0.0.0", "--public-url", "http://remit.example", ...tls]],
  [/begins with https/, (tls) => ["--public-url", "http://localhost:1", ...tls]],
  [/begins with https/, () => ["--public-url", "http://remit.example"]],
  [/scheme and host/, () => ["--public-url", "https://remit.example/path"]],
  [/scheme and host/, () => ["--public-url", "https://user@remit.example"]],
  [/scheme and host/, () => ["--public-url", "remit.example"]],
  [/scheme and host/, () => ["--public-url", "ftp://remit.example"]],
  [/come together/, (tls) => tls.slice(0, 2)],
  [/come together/, (tls) => tls.slice(2)],
  [/port/, () => ["--port", "65536"]],
  [/unknown|Unknown/, () => ["--no-such-flag"]],
];

test("[start.listeners] what is not for this machine alone is TLS under its own name, and TLS makes no http address", async (t) => {
  const ground = await groundFor(t, "https://login.example");
  const { folder, config, tls, certificate } = ground;
  const nobody = [
    "--broker",
    "https://remit.example/i/x",
    "--points",
    "https://127.0.0.1:1",
    "--pin",
    pinOf(new Uint8Array(32)),
  ];
  const programs = {
    broker: (name: string): string[] => [
      "broker",
      "--data",
      join(folder, name, "broker"),
      "--config",
      config,
      "--json",
    ],
    gateway: (name: string): string[] => ["gateway", "--data", join(folder, name, "gateway"), ...nobody, "--json"],
  };
  for (const [why, flags] of NOT_SERVED) {
    await Promise.all(
      Object.entries(programs).map(async ([name, args]) => {
        const program = await ground.run(...args("refused"), ...flags(tls));
        assert.equal(program.ready, undefined, `${name} ${flags([]).join(" ")}`);
        assert.equal(await program.stop(), 2, `${name} ${why}`);
        assert.match(program.stderr(), why, name);
      }),
    );
  }
  const trusting = fetchTrusting(certificate);
  for (const [name, args] of Object.entries(programs)) {
    const plain = await ground.run(...args("loopback"), ...tls);
    assert.match(plain.ready?.[name] ?? plain.stderr(), /^https:\/\/127\.0\.0\.1:\d+$/, name);
    const { port } = new URL(plain.ready?.[name] ?? "");
    assert.equal((await trusting(`https://localhost:${port}/healthz`)).status, 200, name);
    assert.equal(await plain.stop(), 0);
    const free = await freePort();
    const own = ["--host", "0.0.0.0", "--port", String(free), "--public-url", `https://localhost:${free}`];
    const wide = await ground.run(...args("wide"), ...tls, ...own);
    assert.equal(wide.ready?.[name], `https://localhost:${free}`, wide.stderr());
    assert.equal((await trusting(`https://localhost:${free}/healthz`)).status, 200, name);
    assert.notEqual((await trusting(`https://127.0.0.1:${free}/healthz`).catch(() => undefined))?.status, 200);
    if (name === "broker")
      assert.match(wide.ready?.["points"] ?? "", /^https:\/\/localhost:\d+$/, "points find it by its name");
    assert.equal(await wide.stop(), 0);
  }
});
