import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ConfigFiles } from "../src/config/files.ts";
import type { Lifetimes } from "../src/store/lifetimes.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { AppliedConfig, NewTask, Store } from "../src/store/store.ts";

/** A folder that is gone after the test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

export const feedKeyPem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();

const LONG: Lifetimes = { tokenMs: 120_000, leaseMs: 180_000, dormantMs: 900_000 };

/** The real store on a folder, closed after the test. */
export async function openStore(
  t: TestContext,
  { data = folderFor(t), lifetimes = {} }: { readonly data?: string; readonly lifetimes?: Partial<Lifetimes> } = {},
): Promise<Store> {
  const store = await openSqliteStore({
    ...{ data, feedKeyPem, feedKid: "feed", reserveBytes: 1_048_576 },
    lifetimes: { ...LONG, ...lifetimes },
  });
  t.after(async () => store.close());
  return store;
}

/** A configuration of one client with one policy. */
export const configOf = (...names: AppliedConfig["names"]): AppliedConfig => ({
  digest: randomUUID(),
  files: [],
  names,
  by: "test",
});

/** A store with a subject and the ids of one client and policy. */
export interface Peopled {
  readonly store: Store;
  readonly subject: string;
  readonly task: (more?: Partial<NewTask>) => NewTask;
}

export async function people(store: Store): Promise<Peopled> {
  const subjectIdentity = { issuer: "https://idp.example", subject: "dana" };
  const subject = await store.principal({ kind: "usr", ...subjectIdentity });
  await store.applyConfig(
    configOf(
      { kind: "cli", name: "bot", digest: "1" },
      { kind: "agt", name: "bot", digest: "1" },
      { kind: "pol", name: "one", digest: "1" },
    ),
  );
  const id = (kind: "cli" | "agt" | "pol"): string => store.read.name(kind, kind === "pol" ? "one" : "bot") ?? "";
  const [client, agent, policy] = [id("cli"), id("agt"), id("pol")];
  const task = (more: Partial<NewTask> = {}): NewTask => ({
    ...{ tenant: "local", subject, subjectIdentity, agent, client, clientName: "bot", policy, policyName: "one" },
    ...{
      purpose: undefined,
      durationMs: 3_600_000,
      resource: "https://gw.example/r/jira",
      connector: "jira@1",
      connection: "cnx_1",
    },
    ...{ live: [subject, agent, client, policy], jkt: "key", depthLeft: 0, authority: "[]", uses: undefined },
    ...{ records: ["1"], limits: {}, once: [], retry: undefined, start: undefined, decision: `dec_${randomUUID()}` },
    ...more,
  });
  return { store, subject, task };
}

/** A trust policy that loads. */
export const POLICY = `policy: one
actor: { client: bot }
subject: { issuer: login, claims: { groups: x } }
rights: service
may: [{ type: jira-acme.issue, identifier: { any: true }, actions: [read], fields: { read: [summary] } }]
limits: { task: { duration: 1h }, each: { per: [actor, subject], tasks: { live: 1 } } }
approval: none
`;
const GOOD: Readonly<Record<string, string>> = {
  "remit.yaml": "remit: 1\n",
  "issuers/login.yaml": "issuer: https://login.example\nalgorithms: [ES256]\n",
  "clients/bot.yaml": "client: bot\nkey: from-subject\n",
  "resources/jira-acme.yaml": "resource: jira-acme\nconnector: jira\nconnection: jira-acme\n",
  "policies/one.yaml": POLICY,
};

/** The files of a configuration that loads, with others in their place or beside them. */
export const goodFiles = (more: Readonly<Record<string, string>> = {}): ConfigFiles =>
  Object.entries({ ...GOOD, ...more }).map(([path, text]) => ({ path, text }));
