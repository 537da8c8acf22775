import assert from "node:assert/strict";
import type { JsonObject } from "@remit/core";
import { type ConfigFiles, startRemit, type TestRemit } from "@remit/testkit";
import { IDS, type Salesforce } from "../support/upstreams/salesforce.ts";

const READ = ["CaseNumber", "Priority", "Status", "Subject"];
const WRITE = ["Priority", "Status", "Subject"];
export const CASE = `/services/data/v50.0/sobjects/Case/${IDS.granted}`;
export const SENT = `/services/data/v62.0/sobjects/Case/${IDS.granted}`;

const ANY: JsonObject = { identifier: { any: true } };

const WHOLE: readonly JsonObject[] = [
  {
    ...{ type: "salesforce-acme.account", ...ANY, actions: ["read", "edit"] },
    fields: { read: ["Name"], write: ["Phone"] },
  },
  {
    ...{ type: "salesforce-acme.opportunity", ...ANY, actions: ["read", "edit"] },
    fields: { read: ["Amount", "StageName"], write: ["Amount"] },
    where: { edit: { "/Amount": { range: { min: 0, max: 5000 } } } },
  },
];

/** A policy that gives these entries to the testkit's client. */
export const policyOf = (name: string, client: string, may: readonly JsonObject[]): JsonObject => ({
  policy: name,
  actor: { client },
  subject: { issuer: "test", claims: { groups: "support" } },
  rights: "service",
  may,
  limits: {
    task: { duration: "1h", depth: 0 },
    grant: { uses: 200 },
    each: { per: ["actor", "subject"], tasks: { live: 100 } },
  },
  approval: "none",
});

const policy = (name: string, client: string, which: JsonObject): JsonObject =>
  policyOf(name, client, [
    {
      ...{ type: "salesforce-acme.case", ...which, actions: ["read", "edit"] },
      fields: { read: READ, write: WRITE },
      where: { edit: { "/Status": { one_of: ["New", "Working"] } } },
    },
    {
      ...{ type: "salesforce-acme.contact", ...which, actions: ["read", "edit"] },
      fields: { read: ["LastName"], write: ["Email"] },
    },
    // an account is within no other record of this connector
    ...(which === ANY ? WHOLE : []),
  ]);

/** Remit before a Salesforce, connected with that organisation's own access token. */
export async function connected(
  salesforce: Salesforce,
  which: JsonObject = ANY,
  more: ConfigFiles = {},
): Promise<TestRemit> {
  const remit = await startRemit({
    config: {
      "resources/jira-acme.yaml": undefined,
      "resources/salesforce-acme.yaml": {
        ...{ resource: "salesforce-acme", connector: "salesforce", connection: "salesforce-acme" },
      },
      "policies/test.yaml": policy("test", "test-agent", which),
      "policies/people.yaml": policy("people", "coding-agent", which),
      ...more,
    },
  });
  const how = ["--connector", "salesforce", "--origin", salesforce.origin, "--form", "bearer", "--insecure-loopback"];
  const { code, stderr } = await remit.command(["connect", "salesforce-acme", ...how], salesforce.accessToken);
  assert.equal(code, 0, stderr);
  await remit.serving("salesforce-acme");
  return remit;
}

/** Only values of the granted record's granted fields were shown or changed. */
export function onlyGranted({ org }: Salesforce): void {
  const named = (fields: readonly string[]): readonly string[] => fields.map((field) => `Case ${IDS.granted} ${field}`);
  // a grant's record is resolved by the gateway itself, which asks for the account too
  const seen = [...named(READ), `Case ${IDS.granted} AccountId`];
  assert.deepEqual(
    [...org.disclosed].filter((what) => !seen.includes(what)),
    [],
  );
  assert.deepEqual(
    [...org.changed].filter((what) => !named(WRITE).includes(what)),
    [],
  );
}

export async function codeOf(response: Response): Promise<string> {
  const text = await response.text();
  return response.ok ? "ok" : (/"code":"([a-z_]+)"/.exec(text)?.[1] ?? `status_${response.status}`);
}
