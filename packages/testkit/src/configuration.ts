import type { Json, JsonObject } from "@remit/core";

/** Files of a configuration folder by path: text as it stands, or data that is written as YAML. `undefined` leaves one out. */
export type ConfigFiles = Readonly<Record<string, string | JsonObject | undefined>>;

/** The client that a test's agents run as where nothing else is said. */
export const TEST_CLIENT = "test-agent";
/** The client id that logins are for. */
export const LOGIN_CLIENT = "remit-cli";

const bounds = { read: "1500ms", write: "900ms", reveal: "900ms" };

/** A configuration under which a test begins at once: one issuer, two clients, one Jira, a policy a client. */
export function defaultFiles(issuer: string, clientKey: JsonObject): ConfigFiles {
  const support = { issuer: "test", claims: { groups: "support" } };
  return {
    "remit.yaml": { remit: 1, name: "test", bounds, roles: { viewer: [support], operator: [support] } },
    "issuers/test.yaml": {
      issuer,
      algorithms: ["ES256"],
      sessions: [LOGIN_CLIENT],
      id_token: { audiences: { [TEST_CLIENT]: TEST_CLIENT } },
      insecure_loopback_http: true,
    },
    [`clients/${TEST_CLIENT}.yaml`]: { client: TEST_CLIENT, key: clientKey },
    "clients/coding-agent.yaml": { client: "coding-agent", key: "from-subject" },
    "resources/jira-acme.yaml": { resource: "jira-acme", connector: "jira", connection: "jira-acme" },
    "policies/test.yaml": policy("test", TEST_CLIENT, support),
    "policies/people.yaml": policy("people", "coding-agent", support),
  };
}

function policy(name: string, client: string, subject: JsonObject): JsonObject {
  const may: Json = [
    {
      type: "jira-acme.issue",
      identifier: { any: true },
      actions: ["read", "edit", "transition"],
      fields: { read: ["summary", "status", "priority"], write: ["priority"] },
      where: { transition: { "/to": { one_of: ["In Review"] } } },
    },
  ];
  return {
    policy: name,
    actor: { client },
    subject,
    rights: "service",
    may,
    limits: {
      task: { duration: "1h", depth: 0 },
      grant: { uses: 200 },
      each: { per: ["actor", "subject"], tasks: { live: 1000 } },
    },
    approval: "none",
  };
}

/** YAML is a superset of JSON, so data needs no printer of its own. */
export const fileText = (content: string | JsonObject): string =>
  typeof content === "string" ? content : `${JSON.stringify(content, undefined, 2)}\n`;
