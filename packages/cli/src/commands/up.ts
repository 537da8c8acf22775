import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { type Places, removeRunning, writePrivate, writeRunning } from "../places.ts";
import { askProgram, type Program, programFile, type Ready, readyText, startProgram } from "../supervise.ts";
import { stopProgram, untilReady } from "../supervise.ts";

export interface UpOptions {
  readonly config: string;
  readonly port: number;
  readonly gatewayPort: number;
  readonly pointsPort: number;
  readonly sealKey: string | undefined;
  readonly connectors: string | undefined;
  readonly applyConfig: boolean;
}

/** How long a program may take to finish what it was doing once it was asked to stop. */
const GRACE_MS = 5_000;

/** Starts broker and gateway on loopback, prints one ready line, and runs until it is told to stop or one of them ends. */
export async function up(asked: UpOptions, places: Places, output: Output): Promise<void> {
  const options = { ...asked, connectors: asked.connectors ?? ownConnectors(asked.config) };
  mkdirSync(places.data, { recursive: true, mode: 0o700 });
  const sealKey = options.sealKey ?? ensureSealKey(places, output);
  const gatewayData = join(places.data, "gateway");
  const brokerData = join(places.data, "broker");
  const point = await enrolmentOf(gatewayData, sealKey, options);

  // whoever starts us may stop us at once, and what we start must not outlive us
  const told = untilTold();
  output.say("starting the broker and the gateway …");
  const broker = startProgram("broker", programFile("@remit/broker"), [
    ...["--data", brokerData, "--config", options.config, "--port", String(options.port)],
    ...["--points-port", String(options.pointsPort), "--seal-key", sealKey, "--enrol", point, "--json"],
    ...(options.applyConfig ? ["--apply-config"] : []),
  ]);
  const gateway = startProgram("gateway", programFile("@remit/gateway"), [
    ...["--data", gatewayData, "--port", String(options.gatewayPort), "--seal-key", sealKey, "--json"],
    ...["--broker-on-stdin", ...(options.connectors === undefined ? [] : ["--connectors", options.connectors])],
  ]);
  const started = [broker, gateway];
  try {
    const both = Promise.all([untilReady(broker).then((ready) => tellBroker(gateway, ready)), untilReady(gateway)]);
    const ready = await Promise.race([both, told]);
    if (ready === undefined) return;
    try {
      announce(...ready, places, output);
      await untilStopped(started, told);
    } finally {
      // only where it is ours: a start that failed must leave what another `remit up` wrote
      removeRunning(places.data);
    }
  } finally {
    await Promise.all(started.map((program) => stopProgram(program, GRACE_MS)));
  }
}

/** The gateway loads beside the broker, and listens once it is told where that is. */
function tellBroker(gateway: Program, broker: Ready): Ready {
  const told = {
    broker: readyText(broker, "issuer"),
    points: readyText(broker, "points"),
    pin: readyText(broker, "pin"),
  };
  gateway.child.stdin?.end(`${JSON.stringify(told)}\n`);
  return broker;
}

function announce(broker: Ready, gateway: Ready, places: Places, output: Output): void {
  const url = readyText(broker, "broker");
  const running = {
    broker: url,
    issuer: readyText(broker, "issuer"),
    gateway: readyText(gateway, "gateway"),
    points: readyText(broker, "points"),
    pin: readyText(broker, "pin"),
    pid: process.pid,
    brokerAdmin: join(places.data, "broker", "admin.sock"),
    gatewayAdmin: readyText(gateway, "admin"),
  };
  writeRunning(places.data, running);
  const console_ = `http://localhost:${new URL(url).port}/`;
  output.answer(
    {
      broker: running.broker,
      gateway: running.gateway,
      console: console_,
      points: running.points,
      pid: process.pid,
      issuer: running.issuer,
      pin: running.pin,
      pids: { broker: broker.child.pid, gateway: gateway.child.pid },
    },
    [
      `broker   ${running.broker}`,
      `gateway  ${running.gateway}`,
      `points   ${running.points}`,
      "",
      "next: `remit connect` a resource, then `remit login`. Stop with Ctrl-C.",
    ],
  );
}

/** Settles at the first signal to stop. */
async function untilTold(): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve(undefined));
  return promise;
}

async function untilStopped(programs: readonly Program[], told: Promise<undefined>): Promise<void> {
  const ended = Promise.race(programs.map(async (program) => ({ program, how: await program.ended })));
  const first = await Promise.race([told, ended]);
  if (first !== undefined) {
    throw new CommandError("error", `the ${first.program.name} ended (${first.how}), so everything was stopped`, {
      fix: "its last words are above; start again with `remit up`",
    });
  }
}

/** The connectors of the configuration folder serve the gateway too, unless another folder is named. */
function ownConnectors(config: string): string | undefined {
  const folder = join(config, "connectors");
  return existsSync(folder) ? folder : undefined;
}

/** The gateway makes its own key; the broker learns it before either listens. */
async function enrolmentOf(gatewayData: string, sealKey: string, options: UpOptions): Promise<string> {
  const file = join(gatewayData, "point.json");
  if (existsSync(file) && existsSync(join(gatewayData, "gateway.db"))) return file;
  const { answer } = await askProgram(programFile("@remit/gateway"), [
    ...["--data", gatewayData, "--seal-key", sealKey, "--print-point"],
    ...(options.connectors === undefined ? [] : ["--connectors", options.connectors]),
  ]);
  if (answer === undefined) throw new CommandError("error", "the gateway could not make its key");
  writePrivate(file, `${JSON.stringify(answer)}\n`);
  return file;
}

function ensureSealKey(places: Places, output: Output): string {
  const name = createHash("sha256").update(places.data).digest("hex").slice(0, 16);
  const file = join(places.user, `seal-${name}.key`);
  if (existsSync(file)) return file;
  writePrivate(file, randomBytes(32));
  output.say(
    `made a seal key at ${file}: whoever has both it and ${places.data} can open the store, so back them up apart`,
  );
  return file;
}
