import { askSecret, askSecrets, readSecretFile } from "../ask-secret.ts";
import { CommandError } from "../exit.ts";
import type { Form } from "./forms.ts";

export interface SecretFlags {
  readonly clientAuth?: string;
  readonly clientSecretFile?: string;
  readonly keyFile?: string;
}

/** The secrets of a connection, from prompts, a pipe or files: as the gateway is told them. */
export async function secretsOf(
  form: Form,
  origin: string,
  { clientAuth, clientSecretFile, keyFile }: SecretFlags,
  stdin: NodeJS.ReadStream,
): Promise<{ readonly secret: string; readonly client_secret?: string }> {
  if (keyFile !== undefined && form !== "signed") throw misplaced(form, "--key-file");
  const isPublic = clientAuth === "none";
  if (clientSecretFile !== undefined && (form !== "oauth_refresh" || isPublic))
    throw misplaced(form, "--client-secret-file");
  if (form === "signed") {
    if (keyFile !== undefined) return { secret: readSecretFile(keyFile) };
    if (stdin.isTTY)
      throw new CommandError("usage", "a private key has many lines", { fix: "add --key-file FILE, or pipe it in" });
    return { secret: await askSecret("Private key", stdin) };
  }
  if (form !== "oauth_refresh")
    return { secret: await askSecret(`Credential for ${origin} (not shown, not logged)`, stdin) };
  const fromFile = clientSecretFile === undefined ? undefined : readSecretFile(clientSecretFile);
  const questions = ["Refresh token", ...(isPublic || fromFile !== undefined ? [] : ["Client secret"])];
  const [secret = "", asked] = await askSecrets(questions, stdin);
  const clientSecret = fromFile ?? asked;
  return { secret, ...(clientSecret === undefined ? {} : { client_secret: clientSecret }) };
}

const misplaced = (form: Form, flag: string): CommandError =>
  new CommandError("usage", `--form ${form} takes no ${flag} here`, { fix: `leave ${flag} out` });
