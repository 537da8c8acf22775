import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createPointChannel } from "@remit/sdk";
import { serveAdmin } from "./admin.ts";
import { readConnectors } from "./connectors.ts";
import { placeOfPoints } from "./enrol.ts";
import type { Flags } from "./flags.ts";
import { listen, serve } from "./http/server.ts";
import { newDecision, openIdentity, type PointIdentity } from "./identity.ts";
import { lockFolder } from "./lock.ts";
import { type Log, openLog } from "./log/log.ts";
import { shipLog } from "./log/shipper.ts";
import { createRuntime } from "./runtime.ts";
import { readToldBroker } from "./told-broker.ts";
import { readSealKey } from "./vault/seal.ts";
import { openVault, type Vault } from "./vault/vault.ts";

export type Say = (
  level: "info" | "warn" | "error",
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;

export interface Started {
  readonly ready: {
    readonly gateway: string;
    readonly admin: string;
    readonly point: string;
    readonly pid: number;
  };
  stop(): Promise<void>;
}

/** Makes or finds this point's key and says what a broker needs to enrol it. */
export async function printPoint(flags: Flags): Promise<{ readonly point: string; readonly key: unknown }> {
  const vault = openVaultOf(flags);
  try {
    const { jwk } = await openIdentity(vault, Date.now());
    return { point: flags.name, key: jwk };
  } finally {
    vault.close();
  }
}

function openVaultOf(flags: Flags): Vault {
  const data = resolve(flags.data);
  return openVault(data, readSealKey(flags.sealKey ?? ensureSealKey(data), data));
}

function ensureSealKey(data: string): string {
  const user = process.env["REMIT_HOME"] ?? join(process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "remit");
  const file = join(user, `seal-${createHash("sha256").update(data).digest("hex").slice(0, 16)}.key`);
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(32), { mode: 0o600, flag: "wx" });
  }
  return file;
}

/**
 * Starts a gateway. It listens as soon as it knows its broker; what it serves depends on whether it can prove to itself
 * that it is up to date.
 */
export async function startGateway(given: Flags, say: Say): Promise<Started> {
  const data = resolve(given.data);
  const vault = openVaultOf(given);
  const identity = await openIdentity(vault, Date.now());
  const connectors = readConnectors(given.connectors);
  const { key, certificate } = identity;
  // what only one gateway may hold is opened after this: a broker that found its folder taken never gets here
  const flags = given.brokerOnStdin ? { ...given, ...(await readToldBroker(process.stdin)) } : given;
  const lock = lockFolder(data);
  if (lock === undefined) throw new Error(`another gateway is running on \`${data}\`; stop it first`);
  const { server, port } = await listenAgain(flags, vault);
  const scheme = flags.tlsCert === undefined ? "http" : "https";
  const base = flags.publicUrl ?? `${scheme}://${flags.host === "::1" ? "[::1]" : flags.host}:${port}`;
  const points = await placeOfPoints(flags, identity, vault);
  const log = openLogOf(flags, identity);
  const channel = createPointChannel({ pointsUrl: points, issuer: flags.broker, pin: flags.pin, key, certificate });
  const fault = (error: unknown): void =>
    say("warn", "something failed and is tried again", {
      fault: error instanceof Error ? error.message : String(error),
    });
  const runtime = createRuntime({
    ...{ issuer: flags.broker, name: flags.name, base, vault, identity },
    ...{ connectors, channel, log, fault },
  });
  const admin = await serveAdmin({
    socket: join(data, "admin.sock"),
    ...{ vault, log, connectors, newDecision },
    counted: runtime.gateway.refusals.counted,
    changed: runtime.reload,
    tried: runtime.tried,
  });
  serve(runtime.gateway, server, [new URL(base).host, `localhost:${port}`], fault);
  const over = new AbortController();
  const running = [runtime.run(over.signal), shipLog(log, channel, over.signal, fault)];
  return {
    ready: { gateway: base, admin: join(data, "admin.sock"), point: flags.name, pid: process.pid },
    async stop() {
      server.close();
      server.closeAllConnections();
      await runtime.gateway.refusals.flush();
      await runtime.gateway.uses.returnAll();
      over.abort();
      await Promise.all([admin.close(), ...running]);
      channel.close();
      await log.close();
      vault.close();
      lock.release();
    },
  };
}

function openLogOf({ data, name }: Flags, { logKey, logPublic }: PointIdentity): Log {
  const folder = join(resolve(data), "log");
  return openLog({ folder, name: `remit-point/${name}`, key: logKey, publicKey: logPublic, now: Date.now });
}

/** Takes the port of the last start where none is given, so that resources keep their names. */
async function listenAgain(flags: Flags, vault: Vault): ReturnType<typeof listen> {
  const tls =
    flags.tlsCert === undefined || flags.tlsKey === undefined
      ? undefined
      : { cert: readFileSync(flags.tlsCert, "utf8"), key: readFileSync(flags.tlsKey, "utf8") };
  const last = Number(vault.fixed("port", () => "0"));
  const listening = await listen({
    host: flags.host,
    port: flags.port === 0 ? last : flags.port,
    tls,
  }).catch(async (error: unknown) => {
    if (flags.port !== 0 || last === 0) throw error;
    return listen({ host: flags.host, port: 0, tls });
  });
  if (listening.port !== last) vault.set("port", String(listening.port));
  return listening;
}
