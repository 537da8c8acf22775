import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeRunning, writeRunning } from "@remit/cli";
import { isJsonObject, type LogRecord, readJson, readRecordLine } from "@remit/core";
import { publicJwk } from "@remit/sdk";
import { type ConfigFiles, defaultFiles, fileText } from "./configuration.ts";
import { type People, startIssuer, type TestIssuer } from "./issuer.ts";
import { portIn, startProcess, type TestProcess } from "./process.ts";
import { type Ended, programFile, remit, startProgram } from "./program.ts";
import { until } from "./until.ts";

export interface RemitOptions {
  /** Whom the issuer knows. By default `dana`, whose group is `support`, and `sam`, whose group is `sales`. */
  readonly people?: People;
  /** Files of the configuration folder, over the testkit's own. Given as a function, it is told the issuer's URL. */
  readonly config?: ConfigFiles | ((issuerUrl: string) => ConfigFiles);
  /** A folder of your own, which is kept. By default a temporary one, which is gone afterwards. */
  readonly folder?: string;
}

/** A broker and a gateway, as their own processes on loopback, and an issuer that says who people are. */
export interface TestRemit extends AsyncDisposable {
  readonly folder: string;
  readonly data: string;
  readonly idp: TestIssuer;
  readonly broker: TestProcess;
  readonly gateway: TestProcess;
  /** The broker's fixed issuer string. */
  readonly issuer: string;
  /** Where the broker answers. */
  readonly brokerUrl: string;
  readonly gatewayUrl: string;
  /** Where enforcement points meet the broker, by mutual TLS. */
  readonly pointsUrl: string;
  /** Fingerprint of the broker's root key, which an enforcement point is given. */
  readonly pin: string;
  /** Private key of the client that the testkit's agents run as. */
  readonly clientKey: KeyObject;
  /** Gives the gateway the credential of an upstream, as `remit connect` does. */
  connect(upstream: { readonly origin: string; readonly secret: string; readonly resource?: string }): Promise<void>;
  /** Runs the command `remit` against this broker and gateway, to its end. */
  command(args: readonly string[], input?: string): Promise<Ended>;
  /** Environment under which other programs find this user's folder. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when a connected resource is served: the gateway is up to date, and the broker knows where it is. */
  serving(resource?: string): Promise<void>;
  /** The records in the gateway's own log files, as they are on the disk now. */
  gatewayRecords(): readonly LogRecord[];
}

const PEOPLE: People = { dana: { groups: ["support"] }, sam: { groups: ["sales"] } };

/** Starts everything on free ports of this machine. Resolves when both processes have printed their ready lines. */
export async function startRemit(options: RemitOptions = {}): Promise<TestRemit> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "remit-testkit-"));
  await using undo = new AsyncDisposableStack();
  if (options.folder === undefined) undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const idp = undo.use(await startIssuer(options.people ?? PEOPLE));
  const [data, env] = [join(folder, "data"), { REMIT_HOME: join(folder, "home") }];
  const clientKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const config = typeof options.config === "function" ? options.config(idp.url) : options.config;
  writeFiles(join(folder, "remit"), { ...defaultFiles(idp.url, { ...publicJwk(clientKey) }), ...config });
  const { broker, gateway } = await startBoth(folder, data, env, undo);
  const urls = {
    issuer: broker.text("issuer"),
    brokerUrl: broker.text("broker"),
    gatewayUrl: gateway.text("gateway"),
    pointsUrl: broker.text("points"),
    pin: broker.text("pin"),
  };
  writeRunning(data, {
    ...{ broker: urls.brokerUrl, issuer: urls.issuer, gateway: urls.gatewayUrl, points: urls.pointsUrl, pin: urls.pin },
    ...{ pid: process.pid, gatewayAdmin: gateway.text("admin"), brokerAdmin: join(data, "broker", "admin.sock") },
  });
  undo.defer(() => removeRunning(data));
  const command: TestRemit["command"] = async (args, input) =>
    remit(["--data", data, ...args], { env, ...(input === undefined ? {} : { input }) });
  const running = undo.move();
  return {
    ...{ folder, data, idp, broker, gateway, clientKey, env, command, ...urls },
    connect: async (upstream) => connect(command, upstream),
    serving: async (resource = "jira-acme") => serving(urls.gatewayUrl, join(data, "broker", "admin.sock"), resource),
    gatewayRecords: () => recordsIn(join(data, "gateway", "log")),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function startBoth(
  folder: string,
  data: string,
  env: Readonly<Record<string, string>>,
  undo: AsyncDisposableStack,
): Promise<{ readonly broker: TestProcess; readonly gateway: TestProcess }> {
  const sealKey = join(folder, "home", "seal.key");
  writeFiles(dirname(sealKey), {});
  writeFileSync(sealKey, randomBytes(32), { mode: 0o600 });
  // connectors of the configuration are the gateway's too
  const connectors = join(folder, "remit", "connectors");
  const own = [
    ...["--data", join(data, "gateway"), "--seal-key", sealKey],
    ...(existsSync(connectors) ? ["--connectors", connectors] : []),
  ];
  const log = join(folder, "gateway.log");
  // the broker learns the gateway's key before either listens
  const point = await startProgram(programFile("@remit/gateway"), [...own, "--print-point"], { log, env });
  await point.ended;
  writeFiles(data, { "point.json": JSON.stringify(point.ready) });
  const broker = await startProcess("broker", folder, env, (before) => [
    ...["--data", join(data, "broker"), "--config", join(folder, "remit"), "--seal-key", sealKey, "--json"],
    ...["--port", portIn(before, "broker"), "--points-port", portIn(before, "points")],
    ...["--enrol", join(data, "point.json")],
  ]);
  undo.defer(async () => broker.stop());
  const gateway = await startProcess("gateway", folder, env, (before) => [
    ...[...own, "--broker", broker.text("issuer"), "--points", broker.text("points")],
    ...["--pin", broker.text("pin"), "--port", portIn(before, "gateway"), "--json"],
    ...ownConnectors(join(folder, "remit", "connectors")),
  ]);
  undo.defer(async () => gateway.stop());
  return { broker, gateway };
}

/** The gateway reads the same connectors as the broker, also those that a test brings. */
const ownConnectors = (folder: string): readonly string[] => (existsSync(folder) ? ["--connectors", folder] : []);

function writeFiles(folder: string, files: ConfigFiles): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) continue;
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, fileText(content), { mode: 0o600 });
  }
}

async function serving(gatewayUrl: string, brokerAdmin: string, resource: string): Promise<void> {
  await until(`\`${resource}\` is served`, async () => {
    const ready = await fetch(`${gatewayUrl}/readyz`).catch(() => undefined);
    await ready?.arrayBuffer();
    if (ready?.status !== 200) return false;
    const told = readJson(await getFromSocket(brokerAdmin, "/admin/resources"));
    const list = told.ok && isJsonObject(told.value) ? told.value["resources"] : [];
    return (
      Array.isArray(list) &&
      list.some((one) => isJsonObject(one) && one["name"] === resource && one["available"] === true)
    );
  });
}

/** The answer of a socket that only this user can open; nothing while nobody answers. */
async function getFromSocket(socketPath: string, path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const asked = get({ socketPath, path, headers: { host: "localhost" } }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
  asked.on("error", () => resolve(""));
  return promise;
}

/** The user name that the testkit connects with. */
export const UPSTREAM_USER = "svc@acme.example";

async function connect(
  command: TestRemit["command"],
  { origin, secret, resource = "jira-acme" }: Parameters<TestRemit["connect"]>[0],
): Promise<void> {
  const how = ["--form", "basic", "--username", UPSTREAM_USER, "--insecure-loopback"];
  const { code, stderr } = await command(["connect", resource, "--origin", origin, ...how], secret);
  if (code !== 0) throw new Error(`\`remit connect\` ended with exit code ${code}: ${stderr}`);
}

/** Whole lines only: what a killed process had begun to write is no record. */
function recordsIn(folder: string): readonly LogRecord[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n").slice(0, -1))
    .map((line) => {
      const record = readRecordLine(line);
      if (record === undefined) throw new Error(`not a record: ${line}`);
      return record;
    });
}
