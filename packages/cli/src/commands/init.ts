import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { writePrivate } from "../places.ts";

export interface InitOptions {
  readonly config: string;
  readonly idp: string;
  readonly idpClient: string;
  readonly resource: string;
  readonly connector: string;
  readonly group: string;
}

/**
 * Writes a first configuration folder: one identity provider, one client, one resource, one policy, and a guardrail that
 * stands in comments. Overwrites nothing.
 */
export function init(options: InitOptions, output: Output): void {
  if (existsSync(options.config) && readdirSync(options.config).length > 0) {
    throw new CommandError("error", `\`${options.config}\` is not empty; nothing was written`, {
      fix: "name a new folder, or edit the files that are there",
    });
  }
  if (!URL.canParse(options.idp))
    throw new CommandError("usage", `\`${options.idp}\` is not a URL`, {
      fix: "give the issuer of your OpenID provider, as in https://acme.okta.com",
    });
  const files = filesOf(options);
  for (const [path, content] of Object.entries(files))
    writePrivate(
      join(options.config, path),
      typeof content === "string" ? content : stringify(content, { aliasDuplicateObjects: false }),
    );
  const paths = Object.keys(files);
  output.answer({ ok: true, config: options.config, files: paths }, [
    ...paths.map((path) => `wrote ${join(options.config, path)}`),
    `next: read policies/one-${options.connector}-record.yaml, then \`remit up --config ${options.config}\``,
  ]);
}

const STARTER: Readonly<
  Record<
    string,
    {
      type: string;
      actions: string[];
      fields: { read: string[]; write: string[] };
      where?: Record<string, unknown>;
      /** What the example of a guardrail forbids. */
      never: { action: string; write: string };
    }
  >
> = {
  jira: {
    type: "issue",
    actions: ["read", "edit", "transition", "comment"],
    fields: { read: ["summary", "status", "priority"], write: ["priority", "labels"] },
    where: { transition: { "/to": { one_of: ["In Review"] } } },
    never: { action: "edit", write: "assignee" },
  },
};

function filesOf(options: InitOptions): Readonly<Record<string, unknown>> {
  const starter = STARTER[options.connector];
  if (starter === undefined) {
    throw new CommandError("usage", `there is no starter policy for \`${options.connector}\``, {
      fix: `use one of: ${Object.keys(STARTER).join(", ")}`,
    });
  }
  const { type, never, ...rest } = starter;
  const loopback =
    ["127.0.0.1", "localhost"].includes(new URL(options.idp).hostname) && options.idp.startsWith("http:");
  const member = { issuer: "login", claims: { groups: options.group } };
  return {
    "remit.yaml": { remit: 1, name: "my remit", roles: { viewer: [member], operator: [member] } },
    "issuers/login.yaml": {
      issuer: options.idp,
      algorithms: ["ES256", "RS256"],
      sessions: [options.idpClient],
      ...(loopback ? { insecure_loopback_http: true } : {}),
    },
    "clients/coding-agent.yaml": {
      client: "coding-agent",
      title: "Coding agent",
      key: "from-subject",
    },
    [`resources/${options.resource}.yaml`]: {
      resource: options.resource,
      connector: options.connector,
      connection: options.resource,
    },
    [`policies/one-${options.connector}-record.yaml`]: {
      policy: `one-${options.connector}-record`,
      actor: { client: "coding-agent" },
      subject: { issuer: "login", claims: { groups: options.group } },
      rights: "service",
      may: [{ type: `${options.resource}.${type}`, identifier: { any: true }, ...rest }],
      limits: {
        task: { duration: "1h", depth: 0 },
        grant: { uses: 50 },
        each: { per: ["actor", "subject"], tasks: { live: 3 } },
      },
      approval: "none",
    },
    "guardrails/example.cedar": exampleOf(options.resource, never),
  };
}

const exampleOf = (resource: string, { action, write }: { action: string; write: string }): string =>
  `// Guardrails forbid, whatever the policies say. This one, without the slashes, keeps everybody's hands off a field.
//
// @id("no-${write}")
// forbid (principal, action == Action::"${action}", resource == Resource::"${resource}")
// when { context.write.contains("${write}") };
`;
