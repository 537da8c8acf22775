import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Configure, createWorld, type World } from "../examples/ticket/src/story/world.ts";

export { until } from "@remit/testkit";
export type { World } from "../examples/ticket/src/story/world.ts";

/** A world for one test, in a folder of its own that is gone afterwards. */
export async function testWorld(configure?: Configure): Promise<World & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "remit-e2e-"));
  const world = await createWorld(folder, () => undefined, configure);
  return Object.create(world, {
    [Symbol.asyncDispose]: {
      value: async () => {
        await world.stop();
        if (process.env["REMIT_KEEP"] === undefined) rmSync(folder, { recursive: true, force: true });
      },
    },
  }) as World & AsyncDisposable;
}

/** Lets the client with a key of its own begin tasks with ID tokens that the provider made for it. */
export const withBot: Configure = (config) => {
  const issuer = join(config, "issuers", "login.yaml");
  writeFileSync(issuer, `${readFileSync(issuer, "utf8")}id_token: { audiences: { triage-bot: triage-bot } }\n`);
  const policy = readFileSync(join(config, "policies", "one-jira-record.yaml"), "utf8");
  const own = policy
    .replace("policy: one-jira-record", "policy: bot")
    .replace("client: coding-agent", "client: triage-bot")
    .replace("live: 3", "live: 50");
  writeFileSync(join(config, "policies", "bot.yaml"), own);
};

/** The records of a gateway's own log, as its files hold them now. */
export function gatewayRecords(
  world: World,
): readonly { readonly kind: string; readonly body: Readonly<Record<string, unknown>> }[] {
  const file = join(world.data, "gateway", "log", `${new Date().toISOString().slice(0, 7)}.ndjson`);
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as { kind: string; body: Record<string, unknown> });
}
