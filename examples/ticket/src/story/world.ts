import { createPrivateKey, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Program, programFile, remit, startProgram } from "@remit/testkit";
import { loginAs } from "../idp/login-as.ts";

/** Everything that the story happens in: the company's login, its ticket desk, and Remit between them. */
export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly data: string;
  readonly env: Env;
  readonly desk: string;
  readonly idp: string;
  /** Remit as it runs now. */
  readonly remit: RemitNow;
  /** A client with a key of its own, for the thief's part. */
  readonly botKey: KeyObject;
  /** Opens the desk's drill endpoint, which tells what it received. */
  readonly controlKey: string;
  /** What the desk received since it started. */
  received(): Promise<number>;
  control(path: string, body: unknown): Promise<unknown>;
  /** Kills processes of Remit without a warning, and starts it again on the same data. */
  killAndRestart(victims: readonly ("broker" | "gateway")[]): Promise<void>;
  /** Stops Remit and leaves the rest running. */
  stopRemit(): Promise<void>;
  /** Starts it again on the same data. */
  startRemit(): Promise<void>;
  stop(): Promise<void>;
}

/** Where a running Remit is. */
export interface RemitNow {
  readonly broker: string;
  readonly issuer: string;
  readonly gateway: string;
  readonly points: string;
  readonly pin: string;
  readonly pids: { readonly broker: number; readonly gateway: number };
  /** The ready line of `remit up`, whole. */
  readonly ready: Readonly<Record<string, unknown>>;
}

/** A change to the configuration folder before Remit takes it. */
export type Configure = (config: string, issuer: string) => void;

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Starts everything, connects the desk, and logs Dana in. */
export async function createWorld(
  folder: string,
  say: (line: string) => void,
  configureMore: Configure = () => undefined,
): Promise<World> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const env = { REMIT_HOME: join(folder, "home") };
  const [data, config] = [join(folder, "data"), join(folder, "remit")];
  const log = (name: string): string => join(folder, `${name}.log`);
  say("starting the company's login and its ticket desk …");
  const [idp, desk] = await Promise.all([
    startProgram(here("../idp/main.ts"), [], { log: log("idp") }),
    startProgram(here("../desk/main.ts"), ["--data", join(folder, "desk")], { log: log("desk") }),
  ]);
  const up = remitIn({ data, config, env, log: log("remit") });
  const stopAll = async (): Promise<void> => void (await Promise.all([up.stop(), desk.stop(), idp.stop()]));
  try {
    await configure(config, idp.text("issuer"), env);
    configureMore(config, idp.text("issuer"));
    say("starting Remit …");
    await up.start();
    await connectDesk(folder, data, desk.text("desk"), env);
    await login(data, env, say);
  } catch (error) {
    // what was started must not outlive a world that never came to be
    await stopAll();
    throw error;
  }
  return {
    ...{ folder, data, env, desk: desk.text("desk"), idp: idp.text("issuer") },
    get remit() {
      return remitNow(up.now());
    },
    ...drillOf(folder, desk.text("desk")),
    async killAndRestart(victims) {
      const { ended } = up.now();
      for (const victim of victims) process.kill(remitNow(up.now()).pids[victim], "SIGKILL");
      await ended;
      await up.start();
    },
    stopRemit: up.stop,
    startRemit: up.start,
    stop: stopAll,
    [Symbol.asyncDispose]: stopAll,
  };
}

/** `remit up` on one folder, as it runs now. */
function remitIn(at: { readonly data: string; readonly config: string; readonly env: Env; readonly log: string }): {
  start(): Promise<void>;
  stop(): Promise<void>;
  now(): Program;
} {
  let up: Program | undefined;
  const flags = ["--data", at.data, "--config", at.config, "--port", "0", "--json"];
  return {
    async start() {
      up = await startProgram(programFile("@remit/cli"), ["up", ...flags], { log: at.log, env: at.env });
    },
    async stop() {
      await up?.stop();
    },
    now() {
      if (up === undefined) throw new Error("Remit was not started");
      return up;
    },
  };
}

function remitNow(up: Program): RemitNow {
  const pids: unknown = up.ready["pids"];
  const { broker, gateway } = { broker: 0, gateway: 0, ...(typeof pids === "object" ? pids : {}) };
  const [brokerUrl, issuer, gatewayUrl] = [up.text("broker"), up.text("issuer"), up.text("gateway")];
  return {
    broker: brokerUrl,
    issuer,
    gateway: gatewayUrl,
    points: up.text("points"),
    pin: up.text("pin"),
    pids: { broker, gateway },
    ready: up.ready,
  };
}

type Env = Readonly<Record<string, string>>;

/** A configuration folder as `remit init` writes it, one more client, and bounds so short that the story can wait for them. */
async function configure(config: string, issuer: string, env: Env): Promise<void> {
  await done(remit(["init", "--idp", issuer, "--config", config], { env }));
  await done(remit(["client", "add", "triage-bot", "--config", config], { env }));
  const settings = join(config, "remit.yaml");
  const bounds = "bounds: { read: 1500ms, write: 900ms, reveal: 900ms }\n";
  writeFileSync(settings, readFileSync(settings, "utf8") + bounds);
}

async function connectDesk(folder: string, data: string, desk: string, env: Env): Promise<void> {
  const where = ["--data", data, "--origin", desk, "--insecure-loopback"];
  const how = ["--form", "basic", "--username", "svc-jira@acme.example"];
  const input = readFileSync(join(folder, "desk", "api-key"), "utf8");
  await done(remit(["connect", "jira-acme", ...where, ...how], { env, input }));
}

/** What the drills need besides: the desk's own count, and a client that plays the thief. */
function drillOf(folder: string, desk: string): Pick<World, "botKey" | "controlKey" | "received" | "control"> {
  const controlKey = readFileSync(join(folder, "desk", "control-key"), "utf8");
  const botJwk = JSON.parse(readFileSync(join(folder, "home", "keys", "triage-bot.jwk.json"), "utf8")) as Record<
    string,
    string
  >;
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${desk}${path}`, { headers: { authorization: `Bearer ${controlKey}` }, ...post });
    return response.json();
  };
  return {
    controlKey,
    botKey: createPrivateKey({ key: botJwk, format: "jwk" }),
    async received() {
      const answer = await ask("/__desk/requests");
      return typeof answer === "object" && answer !== null && "count" in answer ? Number(answer.count) : -1;
    },
    control: async (path, body) => ask(path, body),
  };
}

async function login(data: string, env: Readonly<Record<string, string>>, say: (line: string) => void): Promise<void> {
  say("Dana logs in at the company's login …");
  let opened = false;
  const onStderr = (text: string): void => {
    const url = /log in: (http\S+)\n/.exec(text)?.[1];
    if (url === undefined || opened) return;
    opened = true;
    void loginAs(url, "dana").catch((error: unknown) => say(String(error)));
  };
  await done(remit(["login", "--no-browser", "--data", data], { env, onStderr }));
}

async function done(running: ReturnType<typeof remit>): Promise<void> {
  const { code, stderr, stdout } = await running;
  if (code !== 0) throw new Error(`a command ended with exit code ${code}: ${stderr}${stdout}`);
}
