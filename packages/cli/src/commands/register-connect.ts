import { type Command, Option } from "commander";
import { resolve } from "node:path";
import { type Form, FORMS, type InjectFlags } from "../connect/forms.ts";
import type { Context } from "../context.ts";

interface Flags extends InjectFlags {
  readonly origin: string;
  readonly connector?: string;
  readonly form: Form;
  readonly name?: string;
  readonly account?: string;
  readonly clientSecretFile?: string;
  readonly keyFile?: string;
  readonly insecureLoopback: boolean;
}

/** The one command by which a credential enters a gateway. No flag takes a secret. */
export function registerConnect(program: Command, context: (command: Command) => Context): void {
  program
    .command("connect <resource>")
    .description("give the gateway the credential of an upstream (asked at a prompt, or piped in)")
    .requiredOption("--origin <url>", "where the API is, as in https://acme.atlassian.net")
    .option("--connector <name>", "how the API is read (default: as the configuration says)")
    .addOption(new Option("--form <form>", "how the credential is sent").choices(FORMS).default("bearer"))
    .option("--username <name>", "for --form basic")
    .option("--header <name>", "for --form header")
    .option("--token-endpoint <url>", "for oauth_refresh and signed: where access tokens come from")
    .option("--client-id <id>", "for oauth_refresh: the client that the refresh token was made for")
    .option("--client-auth <how>", "for oauth_refresh: basic (default), post, or none for a public client")
    .option("--client-secret-file <file>", "for oauth_refresh: where its secret is, if it is not asked for")
    .option("--exchange <how>", "for signed: jwt-bearer (default) or github-app")
    .option("--issuer <text>", "for signed: who signs (`iss`), as a client id or an app's id")
    .option("--subject <text>", "for signed: whose rights these are (`sub`)")
    .option("--audience <text>", "for signed: whom the statement is for (`aud`)")
    .option("--key-file <file>", "for signed: the private key, as PEM")
    .option("--key-id <text>", "for signed: the key's name at the other side (`kid`)")
    .option("--scope <text>", "for oauth_refresh and signed: less than everything")
    .option("--name <name>", "name of the connection (default: the resource)")
    .option("--account <text>", "whose rights these are, as people know the account")
    .option("--insecure-loopback", "allow http to this machine, for trying things out", false)
    .action(async (resource: string, flags: Flags, command: Command) => {
      const { places, output } = context(command);
      const { name, account, connector, keyFile, clientSecretFile, ...more } = flags;
      const { connect } = await import("./connect.ts");
      const files = {
        ...(keyFile === undefined ? {} : { keyFile: resolve(keyFile) }),
        ...(clientSecretFile === undefined ? {} : { clientSecretFile: resolve(clientSecretFile) }),
      };
      await connect({ ...more, ...files, resource, name, account, connector }, places, output);
    });
}
