import { CommandError } from "../exit.ts";

export const FORMS = ["basic", "bearer", "header", "oauth_refresh", "signed"] as const;
export type Form = (typeof FORMS)[number];

/** What is said about how a credential is sent. None of it is a secret. */
export interface InjectFlags {
  readonly username?: string;
  readonly header?: string;
  readonly tokenEndpoint?: string;
  readonly clientId?: string;
  readonly clientAuth?: string;
  readonly scope?: string;
  readonly exchange?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience?: string;
  readonly keyId?: string;
}

interface FlagOf {
  readonly name: keyof InjectFlags;
  /** The member of the gateway's call. */
  readonly member: string;
  readonly flag: string;
  readonly needed?: true;
}

const TOKEN_ENDPOINT: FlagOf = {
  ...{ name: "tokenEndpoint", member: "token_endpoint", flag: "--token-endpoint" },
  needed: true,
};
const SCOPE: FlagOf = { name: "scope", member: "scope", flag: "--scope" };

const FLAGS: Readonly<Record<Form, readonly FlagOf[]>> = {
  bearer: [],
  basic: [{ name: "username", member: "username", flag: "--username", needed: true }],
  header: [{ name: "header", member: "header", flag: "--header", needed: true }],
  oauth_refresh: [
    TOKEN_ENDPOINT,
    { name: "clientId", member: "client_id", flag: "--client-id", needed: true },
    { name: "clientAuth", member: "client_auth", flag: "--client-auth" },
    SCOPE,
  ],
  signed: [
    TOKEN_ENDPOINT,
    { name: "issuer", member: "issuer", flag: "--issuer", needed: true },
    { name: "exchange", member: "exchange", flag: "--exchange" },
    { name: "subject", member: "subject", flag: "--subject" },
    { name: "audience", member: "audience", flag: "--audience" },
    { name: "keyId", member: "key_id", flag: "--key-id" },
    SCOPE,
  ],
};

const ALL = Object.values(FLAGS).flat();

/** How a credential is sent, as the gateway is told; a flag that is missing, or belongs to another form, is a mistake. */
export function injectOf(form: Form, flags: InjectFlags): Readonly<Record<string, string>> {
  const own = FLAGS[form];
  const odd = ALL.find(({ name }) => flags[name] !== undefined && !own.some((one) => one.name === name));
  if (odd !== undefined)
    throw new CommandError("usage", `--form ${form} takes no ${odd.flag}`, { fix: `leave ${odd.flag} out` });
  const missing = own.find(({ name, needed }) => needed === true && flags[name] === undefined);
  if (missing !== undefined)
    throw new CommandError("usage", `--form ${form} needs ${missing.flag}`, {
      fix: "`remit connect --help` says what it means, docs/connections.md shows whole commands",
    });
  const members = own.flatMap(({ name, member }) => {
    const value = flags[name];
    return value === undefined ? [] : [[member, value] as const];
  });
  return { form, ...Object.fromEntries(members) };
}
