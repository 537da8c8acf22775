import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type JsonObject, type LogRecord, makeId, readRecordLine, Secret } from "@remit/core";
import { type DpopKey, dpopProof, makeDpopKey, publicJwk } from "@remit/sdk";
import { ISSUER, jws, p256 } from "../../../sdk/test/support/fixture.ts";
import { programFile, startProgram } from "../../../testkit/src/program.ts";
import { openPeer, type Peer } from "../../../sdk/test/support/peer.ts";
import { readConnectors } from "../../src/connectors.ts";
import { readFlags } from "../../src/flags.ts";
import { startGateway } from "../../src/start.ts";
import { openUpstreamServer, type TestUpstream } from "./upstream.ts";

export const SECRET = "canary-7Zq/+9&x%2F~Lw";
export const USER = "svc@acme.example";
export const ISSUE = "/rest/api/3/issue/PROJ-42";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly code: string;
}

export interface CallOptions {
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly claims?: JsonObject;
  readonly signal?: AbortSignal;
}

/** A gateway with everything real around it: a listener of the test's own as broker, and an upstream that logs. */
export interface GatewayWorld {
  readonly data: string;
  readonly base: string;
  readonly resource: string;
  readonly connection: string;
  readonly peer: Peer;
  readonly upstream: TestUpstream;
  readonly holder: DpopKey;
  token(claims?: JsonObject): string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** The header lines that make a request of the granted caller, for raw requests. */
  authority(method: string, path: string): readonly string[];
  /** Writes these bytes to the gateway and reads until it closes or falls silent. */
  raw(bytes: string | Uint8Array): Promise<string>;
  records(): readonly LogRecord[];
  /** What the gateway said of things that failed. */
  faults(): string;
  /** Kills a gateway that runs apart without a warning, and starts it again. */
  killed(): Promise<void>;
  admin(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }>;
}

export const id = (prefix: Parameters<typeof makeId>[0]): string => makeId(prefix, Date.now(), randomBytes(10));

const IDS = {
  ...{ sub: id("usr"), agent: id("agt"), task: id("tsk"), grant: id("grn"), client: id("cli"), policy: id("pol") },
  connector: id("cnr"),
};
export const { task: TASK, grant: GRANT } = IDS;

/** Plain data, as it is printed. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

export const details = (resource: string, more: JsonObject = {}): readonly JsonObject[] => [
  {
    ...{ type: "jira-acme.issue", locations: [resource], identifier: "10442", alias: "PROJ-42" },
    actions: ["read", "edit", "transition"],
    fields: { read: ["priority", "status", "summary"], write: ["priority"] },
    where: { transition: { "/to": { one_of: ["In Review"] } } },
    ...more,
  },
];

export interface WorldOptions {
  readonly boundsMs?: number;
  readonly inject?: JsonObject;
  /** The connection's secrets. */
  readonly secrets?: JsonObject;
  /** Runs the gateway as a process of its own, which can be killed. */
  readonly apart?: boolean;
  /** A folder of connectors besides the shipped ones. */
  readonly connectors?: string;
}

export async function gatewayWorld(t: TestContext, options: WorldOptions = {}): Promise<GatewayWorld> {
  const folder = mkdtempSync(join(tmpdir(), "remit-gateway-"));
  const data = join(folder, "data");
  const sealKey = join(folder, "seal.key");
  writeFileSync(sealKey, randomBytes(32), { mode: 0o600 });
  const [peer, upstream] = await Promise.all([openPeer(), openUpstreamServer()]);
  const signing = p256();
  const holder = makeDpopKey();
  const bound = options.boundsMs ?? 10_000;
  const { point, ...welcome } = {
    point: id("pnt"),
    ...{ issuer: ISSUER, now: Date.now(), epoch: 1, n: 0 },
    jwks: { keys: [{ ...publicJwk(signing), kid: "tokens", alg: "ES256" }] },
    bounds: { read_ms: bound, write_ms: bound, reveal_ms: bound },
  };
  peer.state.answers["POST /points/hello"] = { status: 200, body: JSON.stringify({ point, ...welcome }) };
  const args = `--data ${data} --broker ${ISSUER} --points ${peer.url} --pin=${peer.pin} --seal-key ${sealKey}`
    .split(" ")
    .concat(options.connectors === undefined ? [] : ["--connectors", options.connectors]);
  const log = join(folder, "gateway.log");
  const launch = async (): Promise<Launched> => (options.apart === true ? launchApart(args, log) : launchHere(args));
  let started = await launch();
  const faults = (): string => (options.apart === true ? readFileSync(log, "utf8") : started.faults.join("\n"));
  t.after(async () => {
    await started.stop();
    await Promise.all([peer.close(), upstream.close()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const admin = adminOf(started.admin);
  const kept = await admin("POST", "/connections", {
    ...{ name: "jira-acme", resource: "jira-acme", connector: "jira", origin: upstream.origin, as: "service" },
    ...{
      inject: options.inject ?? { form: "basic", username: USER },
      account: "svc",
      ...(options.secrets ?? { secret: SECRET }),
    },
    insecure_loopback: true,
  });
  const { connection } = JSON.parse(kept.text) as { readonly connection: string };
  const base = started.gateway;
  const resource = `${base}/r/jira-acme`;
  const token = (claims: JsonObject = {}): string =>
    jws(
      { typ: "at+jwt", alg: "ES256", kid: "tokens" },
      { ...claimsOf(resource, connection, holder.jkt, options.connectors), ...claims },
      signing,
    );
  const ready = async (): Promise<void> => {
    while ((await fetch(`${base}/readyz`)).status !== 200) await peer.heard("/points/challenge");
  };
  await ready();
  const caller = callerOf(base, resource, holder, token);
  return {
    data,
    base,
    resource,
    connection,
    peer,
    upstream,
    holder,
    token,
    admin,
    ...caller,
    records: recordsOf(data),
    faults,
    async killed() {
      await started.kill();
      started = await launch();
      await ready();
    },
  };
}

interface Launched {
  readonly gateway: string;
  readonly admin: string;
  readonly faults: readonly string[];
  stop(): Promise<void>;
  kill(): Promise<void>;
}

async function launchHere(args: readonly string[]): Promise<Launched> {
  const flags = readFlags(args);
  if (typeof flags === "string") throw new Error(flags);
  const faults: string[] = [];
  const { ready, stop } = await startGateway(flags, (...told) => void faults.push(JSON.stringify(told)));
  return { gateway: ready.gateway, admin: ready.admin, faults, stop, kill: stop };
}

async function launchApart(args: readonly string[], log: string): Promise<Launched> {
  const program = await startProgram(programFile("@remit/gateway"), args, { log });
  const { stop, kill } = program;
  return { gateway: program.text("gateway"), admin: program.text("admin"), faults: [], stop, kill };
}

function claimsOf(resource: string, connection: string, jkt: string, connectors: string | undefined): JsonObject {
  const now = Math.floor(Date.now() / 1000);
  const { sub, agent, task, grant, client, policy, connector } = IDS;
  return {
    ...{ iss: ISSUER, aud: resource, sub, sub_id: { format: "iss_sub", iss: "https://idp.example", sub: "dana" } },
    ...{
      act: { iss: ISSUER, sub: agent },
      client_id: "triage-bot",
      jti: id("tok"),
      iat: now,
      nbf: now,
      exp: now + 120,
    },
    ...{ cnf: { jkt }, task, grants: [grant], depth: { left: 0 } },
    live: [task, grant, sub, agent, client, policy, connector, connection],
    ...{ connector: readConnectors(connectors).get("jira")?.digest ?? "", connection },
    authorization_details: details(resource),
  };
}

function callerOf(
  base: string,
  resource: string,
  key: DpopKey,
  token: GatewayWorld["token"],
): Pick<GatewayWorld, "call" | "authority" | "raw"> {
  const state = { nonce: "" };
  const own = token();
  const proofs = (
    method: string,
    path: string,
    text: string,
  ): { readonly authorization: string; readonly dpop: string } => {
    const accessToken = new Secret(text);
    const proof = dpopProof({ key, method, url: resource + path, nonce: state.nonce, accessToken, now: Date.now() });
    return { authorization: `DPoP ${text}`, dpop: proof };
  };
  const once = async (method: string, path: string, options: CallOptions): Promise<Answer> => {
    const text = options.claims === undefined ? own : token(options.claims);
    const response = await fetch(resource + path, {
      method,
      redirect: "manual",
      headers: {
        ...proofs(method, path, text),
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: options.body as string }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    state.nonce = response.headers.get("dpop-nonce") ?? state.nonce;
    const answered = await response.text();
    return { status: response.status, headers: response.headers, text: answered, code: codeIn(answered) };
  };
  return {
    async call(method, path, options = {}) {
      const first = await once(method, path, options);
      return first.code === "use_dpop_nonce" ? once(method, path, options) : first;
    },
    authority(method, path) {
      const { authorization, dpop } = proofs(method, path, own);
      return [`Authorization: ${authorization}`, `DPoP: ${dpop}`];
    },
    raw: async (bytes) => rawExchange(Number(new URL(base).port), bytes),
  };
}

function codeIn(text: string): string {
  if (text === "") return "ok";
  const { code } = JSON.parse(text) as { readonly code?: string };
  return code ?? "ok";
}

async function rawExchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
  let text = "";
  socket.setTimeout(3_000, () => socket.destroy());
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(text));
  return promise;
}

function adminOf(socketPath: string): GatewayWorld["admin"] {
  return async (method, path, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
    const request = httpRequest({ socketPath, method, path }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  };
}

const recordsOf = (data: string) => (): readonly LogRecord[] =>
  readdirSync(join(data, "log"))
    .sort()
    .flatMap((file) => readFileSync(join(data, "log", file), "utf8").split("\n"))
    .flatMap((line) => readRecordLine(line) ?? []);
