import { askSecret } from "../ask-secret.ts";
import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { findRunning, type Places } from "../places.ts";
import { callSocket } from "../unix-http.ts";

export interface ConnectOptions {
  readonly resource: string;
  readonly connector: string;
  readonly origin: string;
  readonly form: "basic" | "bearer" | "header";
  readonly username: string | undefined;
  readonly header: string | undefined;
  readonly name: string | undefined;
  readonly account: string | undefined;
  readonly insecureLoopback: boolean;
}

/** Gives the running gateway the credential of one upstream. The credential goes from the prompt to the gateway's sealed store and nowhere else. */
export async function connect(options: ConnectOptions, places: Places, output: Output): Promise<void> {
  if (options.form === "basic" && options.username === undefined) {
    throw new CommandError("usage", "basic injection needs a user name", {
      fix: "add --username svc-jira@acme.example",
    });
  }
  const running = findRunning(places.data);
  const secret = await askSecret(`Credential for ${options.origin} (not shown, not logged)`, process.stdin);
  const { status, text } = await callSocket(running.gatewayAdmin, {
    method: "POST",
    path: "/connections",
    body: {
      name: options.name ?? options.resource,
      resource: options.resource,
      connector: options.connector,
      origin: options.origin,
      inject: {
        form: options.form,
        ...(options.username === undefined ? {} : { username: options.username }),
        ...(options.header === undefined ? {} : { header: options.header }),
      },
      as: "service",
      account: options.account ?? options.username ?? "service account",
      secret,
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
  output.answer({ ok: true, ...facts }, [
    `connected ${options.resource} to ${options.origin} with the rights of ${options.account ?? options.username ?? "a service account"}`,
    "the credential is sealed in the gateway; no agent, broker or log sees it",
  ]);
}

function describeFault(facts: Readonly<Record<string, unknown>>): string {
  const told = facts["detail"] ?? facts["message"] ?? facts["error"] ?? facts["title"];
  return typeof told === "string" ? told : "no reason was given";
}
