import { existsSync } from "node:fs";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import { stringify } from "yaml";
import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { writePrivate } from "../places.ts";

export interface ClientAddOptions {
  readonly config: string;
  readonly name: string;
  readonly title: string | undefined;
  readonly keyFile: string | undefined;
  readonly fromSubject: boolean;
}

/** Adds a client file to the configuration folder; makes its key and keeps the private half in a 0600 file outside the folder. */
export function clientAdd(options: ClientAddOptions, userFolder: string, output: Output): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(options.name)) {
    throw new CommandError("usage", `\`${options.name}\` is not a client name`, {
      fix: "use small letters, digits and hyphens, as in triage-bot",
    });
  }
  const file = join(options.config, "clients", `${options.name}.yaml`);
  if (existsSync(file))
    throw new CommandError("error", `\`${file}\` is there already; it was left as it is`, {
      fix: "choose another name, or edit that file",
    });
  const title = options.title === undefined ? {} : { title: options.title };
  if (options.fromSubject) {
    writePrivate(file, stringify({ client: options.name, ...title, key: "from-subject" }));
    output.answer({ ok: true, client: options.name, file }, [
      `wrote ${file}: its tasks are started by people, each with a key of its own`,
    ]);
    return;
  }
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
  const keyFile = options.keyFile ?? join(userFolder, "keys", `${options.name}.jwk.json`);
  if (existsSync(keyFile))
    throw new CommandError("error", `\`${keyFile}\` is there already; it was left as it is`, {
      fix: "name another file with --key-file",
    });
  writePrivate(keyFile, `${JSON.stringify(privateKey.export({ format: "jwk" }))}\n`);
  writePrivate(file, stringify({ client: options.name, ...title, key: { kty, crv, x, y } }));
  output.answer({ ok: true, client: options.name, file, key_file: keyFile }, [
    `wrote ${file} with the public key`,
    `the private key is in ${keyFile}, readable by you only; it goes where the client runs`,
  ]);
}
