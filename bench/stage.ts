import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createWorld, type World } from "../examples/ticket/src/story/world.ts";

/** Starts a real Remit with limits that a load does not reach; its policy has no count of uses. */
export async function createStage(say: (line: string) => void): Promise<World> {
  return createWorld(mkdtempSync(join(tmpdir(), "remit-bench-")), say, (config) => {
    const issuer = join(config, "issuers", "login.yaml");
    writeFileSync(
      issuer,
      `${readFileSync(issuer, "utf8")}id_token: { audiences: { triage-bot: triage-bot } }\ntasks_per_token: 1000\n`,
    );
    const policy = readFileSync(join(config, "policies", "one-jira-record.yaml"), "utf8");
    const own = policy
      .replace("policy: one-jira-record", "policy: bench")
      .replace("client: coding-agent", "client: triage-bot")
      .replace("live: 3", "live: 1000000")
      .replace(/( +)each:\n/, "$1each:\n$1  records: { per_hour: 1000000 }\n")
      .replace(/\n\s+grant:\n\s+uses: 50/, "");
    writeFileSync(join(config, "policies", "bench.yaml"), own);
    const bounds = readFileSync(join(config, "remit.yaml"), "utf8").replace(
      /bounds: .*/,
      "bounds: { read: 10s, write: 2s, reveal: 1s }",
    );
    writeFileSync(join(config, "remit.yaml"), bounds);
  });
}

/** A program to compare with, in a process of its own. */
export interface Peer {
  readonly url: string;
  readonly pid: number;
  /** Its listener for messages over mutual TLS, where it has one. */
  readonly tls?: string;
  stop(): void;
}

/** Starts a program of the folder `peers`. */
export async function startPeer(
  name: "raw" | "oidc",
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const file = fileURLToPath(new URL(`peers/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...env },
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).once("line", resolve);
  child.once("exit", () => reject(new Error(`${name} ended`)));
  // the ready line of a program of ours
  const ready = JSON.parse(await promise) as Pick<Peer, "url" | "pid" | "tls">;
  return { ...ready, stop: () => void child.kill() };
}
