import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTls } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { canonicalJson, makeId, parseConnector, readJson, Secret, signJws } from "@remit/core";
import { dpopKeyOf, dpopProof, makeDpopKey, sha256 } from "@remit/sdk";
import { parse } from "yaml";
import { openKeyring } from "../packages/broker/src/keys/keyring.ts";
import { readSealKey } from "../packages/broker/src/keys/seal.ts";
import { startProgram } from "@remit/testkit";
import { codeOf } from "../examples/ticket/src/story/drills.ts";
import { testWorld, until } from "./world.ts";

const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(10));

test("[gateway.captured-broker] whoever holds all keys of the broker cannot make the gateway send the credential elsewhere", async (t) => {
  await using world = await testWorld();
  const received: string[] = [];
  const thief = createServer((request: IncomingMessage, response) => {
    received.push(JSON.stringify(request.rawHeaders));
    response.end("{}");
  });
  t.after(() => thief.close());
  thief.listen(0, "127.0.0.1");
  await once(thief, "listening");
  const elsewhere = `http://127.0.0.1:${(thief.address() as AddressInfo).port}`;
  const { issuer, pin } = world.remit;

  // the real broker is gone; its keys and its listener's certificate are the attacker's
  const connection = await connectionOf(world.data);
  await world.stopRemit();
  const seal = join(
    world.folder,
    "home",
    readdirSync(join(world.folder, "home")).find((file) => file.startsWith("seal-")) ?? "",
  );
  const data = join(world.data, "broker");
  const ring = openKeyring(data, readSealKey(seal, data), Date.now());
  let resource = "";
  const certificate = ring.held("points_certificate") ?? "";
  const connector = parse(readFileSync(new URL("../connectors/jira.yaml", import.meta.url), "utf8")) as object;
  const digestOf = (value: unknown): string => {
    const json = readJson(JSON.stringify(value));
    const parsed = json.ok ? parseConnector(json.value, sha256) : undefined;
    return parsed?.ok === true ? parsed.value.digest : "";
  };
  const evilConnector = { ...connector, title: elsewhere };
  const key = dpopKeyOf(makeDpopKey().privateKey);
  const token = (change: Readonly<Record<string, unknown>>): string => {
    const now = Math.floor(Date.now() / 1000);
    const [task, grant, sub, agent] = (["tsk", "grn", "usr", "agt"] as const).map((prefix) =>
      makeId(prefix, Date.now(), random()),
    );
    const claims = {
      ...{
        iss: issuer,
        aud: resource,
        sub,
        act: { iss: issuer, sub: agent },
        client_id: "coding-agent",
        jti: makeId("tok", Date.now(), random()),
      },
      ...{
        sub_id: { format: "iss_sub", iss: world.idp, sub: "dana" },
        iat: now,
        nbf: now,
        exp: now + 60,
        cnf: { jkt: key.jkt },
        task,
        grants: [grant],
        depth: { left: 0 },
      },
      ...{ live: [task, grant], connector: digestOf(connector), connection },
      authorization_details: [
        {
          type: "jira-acme.issue",
          locations: [resource],
          identifier: "10442",
          alias: "PROJ-42",
          actions: ["read"],
          fields: { read: ["summary"], write: [] },
        },
      ],
      ...change,
    };
    const json = readJson(JSON.stringify(claims));
    return signJws(
      { typ: "at+jwt", alg: "ES256", kid: ring.token.kid },
      (json.ok ? json.value : {}) as { [name: string]: string },
      ring.token.sign,
    );
  };

  const call = async (text: string): Promise<string> => {
    const url = `${resource}/rest/api/3/issue/PROJ-42`;
    const nonce = (await fetch(url)).headers.get("dpop-nonce") ?? undefined;
    const proof = dpopProof({ key, method: "GET", url, nonce, accessToken: new Secret(text), now: Date.now() });
    return codeOf(await fetch(url, { headers: { authorization: `DPoP ${text}`, dpop: proof } }));
  };
  const answered = { count: 0 };
  const hellos = { count: 0 };
  const lines: string[] = [];
  const server = createTls(
    {
      key: ring.pointsTls.key.export({ format: "pem", type: "pkcs8" }),
      cert: certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => {
        // answers come one after the other up one long request
        if (request.url === "/points/answers") answered.count += chunk.toString().split("\n").length - 1;
        else chunks.push(chunk);
      });
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as {
          nonce?: string;
          from?: number;
          lines?: readonly string[];
        };
        const path = (request.url ?? "").split("?")[0];
        const feed = (typ: string, payload: Readonly<Record<string, unknown>>): string =>
          signJws({ typ, alg: "ES256", kid: ring.feed.kid }, payload as { [name: string]: string }, ring.feed.sign);
        const say = (answer: unknown): void =>
          void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
        if (path === "/points/ship") return say({ size: (body.from ?? 0) + (body.lines?.length ?? 0) });
        if (path === "/points/trust") return say({ succession: ring.held("succession") });
        if (path === "/points/hello") {
          const evil = {
            origin: elsewhere,
            connections: [
              {
                id: connection,
                name: "jira-acme",
                resource: "jira-acme",
                origin: elsewhere,
                connector: digestOf(evilConnector),
              },
            ],
          };
          const { kid, alg, jwk } = ring.token;
          return say({
            point: makeId("pnt", Date.now(), random()),
            issuer,
            now: Date.now(),
            jwks: { keys: [{ ...jwk, kid, alg, use: "sig" }] },
            epoch: 9,
            n: 0,
            bounds: { read_ms: 60_000, write_ms: 60_000, reveal_ms: 60_000 },
            // the first hello is as the gateway expects it, the later ones try to add places
            ...(hellos.count++ === 0 ? {} : evil),
          });
        }
        if (path === "/points/feed/snapshot")
          return say({ snapshot: feed("remit-snapshot+jwt", { epoch: 9, n: 0, head: "", items: [], at: Date.now() }) });
        if (path === "/points/challenge")
          return say({
            fresh: feed("remit-fresh+jwt", {
              epoch: 9,
              n: 0,
              nonce: body.nonce,
              at: Date.now(),
              log: { size: 0, root: "" },
            }),
          });
        if (path === "/points/feed") {
          response.writeHead(200, { "content-type": "application/x-ndjson" });
          const ask = { connection, type: "issue", alias: "PROJ-42", show: [], nonce: "a".repeat(22) };
          lines.push(
            ...[
              { ping: Date.now() },
              { resolve: { ...ask, connector: digestOf(connector) } },
              { resolve: { ...ask, connector: digestOf(evilConnector), nonce: "b".repeat(22) } },
              {
                resolve: { ...ask, connector: digestOf(connector), alias: `../../${elsewhere}`, nonce: "c".repeat(22) },
              },
              { resolve: { ...ask, connector: digestOf(connector), origin: elsewhere } },
              { connection: { id: connection, origin: elsewhere } },
            ].map((line) => canonicalJson(JSON.parse(JSON.stringify(line)) as string)),
          );
          for (const line of lines) response.write(`${line}\n`);
          return undefined;
        }
        return say({});
      });
    },
  );
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const points = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const main = fileURLToPath(import.meta.resolve("@remit/gateway")).replace("index.ts", "main.ts");
  const flags = [
    "--data",
    join(world.data, "gateway"),
    "--broker",
    issuer,
    "--points",
    points,
    "--pin",
    pin,
    "--seal-key",
    seal,
    "--json",
  ];
  const running = await startProgram(main, flags, { log: join(world.folder, "captured.log"), env: world.env });
  t.after(async () => running.stop());
  const gateway = running.text("gateway");
  resource = `${gateway}/r/jira-acme`;
  // what the attacker says is believed as far as a broker is believed: the gateway serves
  await until("the gateway follows the attacker", async () => (await fetch(`${gateway}/readyz`)).status === 200);
  assert.equal(
    await call(token({})),
    "ok",
    "a token that the captured broker signs for the gateway's own connection works: that is what a broker can do",
  );
  const attempts: readonly Readonly<Record<string, unknown>>[] = [
    { connection: makeId("cnx", Date.now(), random()) },
    { connector: digestOf(evilConnector) },
    { aud: elsewhere },
    {
      authorization_details: [
        {
          type: "jira-acme.issue",
          locations: [elsewhere],
          identifier: "10442",
          actions: ["read"],
          fields: { read: ["summary"], write: [] },
        },
      ],
    },
  ];
  for (const change of attempts) {
    assert.notEqual(await call(token(change)), "ok", JSON.stringify(change));
  }
  const answers = await untilAnswered(answered);
  assert.ok(answers >= 3, "the gateway answered the attacker's lookups");
  assert.deepEqual(received, []);
});

async function connectionOf(data: string): Promise<string> {
  const { request } = await import("node:http");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ socketPath: join(data, "gateway", "admin.sock"), path: "/connections" }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    response.on("end", () => resolve(text));
  })
    .on("error", reject)
    .end();
  const { connections } = JSON.parse(await promise) as { connections: readonly { id: string }[] };
  return connections[0]?.id ?? "";
}

async function untilAnswered(answered: { readonly count: number }): Promise<number> {
  await until("the gateway answered", async () => Promise.resolve(answered.count >= 3));
  return answered.count;
}
