import { isJsonObject, readJson, utf8 } from "@remit/core";
import { type Form, injectOf, type InjectFlags } from "../connect/forms.ts";
import { type SecretFlags, secretsOf } from "../connect/secrets.ts";
import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { findRunning, type Places, type Running } from "../places.ts";
import { callSocket } from "../unix-http.ts";

export interface ConnectOptions extends InjectFlags, SecretFlags {
  readonly resource: string;
  readonly connector: string | undefined;
  readonly origin: string;
  readonly form: Form;
  readonly name: string | undefined;
  readonly account: string | undefined;
  readonly insecureLoopback: boolean;
}

/** Gives the running gateway the credential of one upstream. The credential goes from the prompt to the gateway's sealed store and nowhere else. */
export async function connect(options: ConnectOptions, places: Places, output: Output): Promise<void> {
  const inject = injectOf(options.form, options);
  const running = findRunning(places.data);
  const connector = await connectorOf(options, running);
  const secrets = await secretsOf(options.form, options.origin, options, process.stdin);
  const { status, text } = await callSocket(running.gatewayAdmin, {
    method: "POST",
    path: "/connections",
    body: {
      name: options.name ?? options.resource,
      resource: options.resource,
      connector,
      origin: options.origin,
      inject,
      as: "service",
      account: options.account ?? options.username ?? options.subject ?? "service account",
      ...secrets,
      ...(options.insecureLoopback ? { insecure_loopback: true } : {}),
    },
  });
  const answer: unknown = JSON.parse(text);
  const facts = typeof answer === "object" && answer !== null ? { ...answer } : {};
  if (status !== 201 && status !== 200)
    throw new CommandError("error", `the gateway did not take the connection: ${describeFault(facts)}`, {
      fix: "nothing was changed; `remit connect --help` lists the flags",
      facts,
    });
  tell(options, facts, output);
}

function tell(options: ConnectOptions, facts: Readonly<Record<string, unknown>>, output: Output): void {
  const { resource, origin, account, username, subject } = options;
  const { missing } = facts;
  if (typeof missing === "string")
    output.warn(`the connection is kept, but calls are refused for now: ${missing}. If that stays, connect again`);
  output.answer({ ok: true, ...facts }, [
    `connected ${resource} to ${origin} with the rights of ${account ?? username ?? subject ?? "a service account"}`,
    "the credential is sealed in the gateway; no agent, broker or log sees it",
  ]);
}

/** How the configuration says that the resource is read. One that nobody configured would be connected and never served. */
async function connectorOf(
  { resource, connector: asked }: Pick<ConnectOptions, "resource" | "connector">,
  { brokerAdmin }: Running,
): Promise<string> {
  const { status, text } = await callSocket(brokerAdmin, { method: "GET", path: "/admin/resources" });
  const json = readJson(utf8(text));
  const list = status === 200 && json.ok && isJsonObject(json.value) ? json.value["resources"] : undefined;
  if (!Array.isArray(list))
    throw new CommandError("error", "the broker did not say which resources there are", {
      fix: "is `remit up` running on this data folder, as this user?",
    });
  const connectors = new Map(
    list.flatMap((one) => {
      const { name, connector } = isJsonObject(one) ? one : {};
      return typeof name === "string" && typeof connector === "string" ? [[name, connector] as const] : [];
    }),
  );
  const names = [...connectors.keys()];
  const connector = connectors.get(resource);
  if (connector === undefined)
    throw new CommandError("usage", `\`${resource}\` is not a resource of the applied configuration`, {
      fix: `it has ${names.join(", ") || "none"}; a new one is a file in resources/ and \`remit up --apply-config\``,
      facts: { resources: names },
    });
  if (asked !== undefined && asked !== connector)
    throw new CommandError("usage", `the configuration reads \`${resource}\` with \`${connector}\`, not \`${asked}\``, {
      fix: "leave --connector out, or change the resource's file and apply it with `remit up --apply-config`",
    });
  return connector;
}

function describeFault(facts: Readonly<Record<string, unknown>>): string {
  const told = facts["detail"] ?? facts["message"] ?? facts["error"] ?? facts["title"];
  return typeof told === "string" ? told : "no reason was given";
}
