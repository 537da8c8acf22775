import { createPrivateKey, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loginAs } from "../idp/login-as.ts";
import { remit, type Running, start, stop, textOf } from "./programs.ts";

/** Everything that the story happens in: the company's login, its ticket desk, and Remit between them. */
export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  readonly desk: string;
  readonly idp: string;
  readonly broker: string;
  readonly issuer: string;
  readonly gateway: string;
  readonly brokerPid: number;
  /** A client with a key of its own, for the thief's part. */
  readonly botKey: KeyObject;
  readonly botJwk: string;
  /** Opens the desk's drill endpoint, which tells what it received. */
  readonly controlKey: string;
  /** What the desk received since it started. */
  received(): Promise<number>;
  control(path: string, body: unknown): Promise<void>;
  stop(): Promise<void>;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Starts everything, connects the desk, and logs Dana in. */
export async function createWorld(folder: string, say: (line: string) => void): Promise<World> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const env = { REMIT_HOME: join(folder, "home") };
  const [data, config] = [join(folder, "data"), join(folder, "remit")];
  const log = (name: string): string => join(folder, `${name}.log`);
  say("starting the company's login and its ticket desk …");
  const [idp, desk] = await Promise.all([
    start(here("../idp/main.ts"), [], log("idp")),
    start(here("../desk/main.ts"), ["--data", join(folder, "desk")], log("desk")),
  ]);
  const apiKey = readFileSync(join(folder, "desk", "api-key"), "utf8");
  const controlKey = readFileSync(join(folder, "desk", "control-key"), "utf8");
  await done(remit(["init", "--idp", textOf(idp, "issuer"), "--config", config], { env }));
  const botKeyFile = join(folder, "home", "keys", "triage-bot.jwk.json");
  await done(remit(["client", "add", "triage-bot", "--config", config], { env }));
  // short bounds, so that the story can wait for them
  writeFileSync(
    join(config, "remit.yaml"),
    `${readFileSync(join(config, "remit.yaml"), "utf8")}bounds: { read: 1500ms, write: 900ms, reveal: 900ms }\n`,
  );
  say("starting Remit …");
  const up = await start(
    fileURLToPath(import.meta.resolve("@remit/cli")).replace(/index\.(ts|js)$/, "main.$1"),
    ["up", "--data", data, "--config", config, "--port", "0", "--json"],
    log("remit"),
    env,
  );
  const connect = [
    "connect",
    "jira-acme",
    "--data",
    data,
    "--origin",
    textOf(desk, "desk"),
    "--form",
    "basic",
    "--username",
    "svc-jira@acme.example",
    "--insecure-loopback",
  ];
  await done(remit(connect, { env, input: apiKey }));
  await login(data, env, say);
  const botJwk = readFileSync(botKeyFile, "utf8");
  const programs: readonly Running[] = [up, desk, idp];
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${textOf(desk, "desk")}${path}`, {
      headers: { authorization: `Bearer ${controlKey}` },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    return response.json();
  };
  const pids: unknown = up.ready["pids"];
  const stopAll = async (): Promise<void> => void (await Promise.all(programs.map(stop)));
  return {
    ...{
      folder,
      data,
      env,
      botJwk,
      controlKey,
      desk: textOf(desk, "desk"),
      idp: textOf(idp, "issuer"),
      broker: textOf(up, "broker"),
      issuer: textOf(up, "issuer"),
      gateway: textOf(up, "gateway"),
    },
    brokerPid: typeof pids === "object" && pids !== null && "broker" in pids ? Number(pids.broker) : 0,
    botKey: createPrivateKey({ key: JSON.parse(botJwk) as Record<string, string>, format: "jwk" }),
    async received() {
      const answer = await ask("/__desk/requests");
      return typeof answer === "object" && answer !== null && "count" in answer ? Number(answer.count) : -1;
    },
    control: async (path, body) => void (await ask(path, body)),
    stop: stopAll,
    [Symbol.asyncDispose]: stopAll,
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
