import { Secret } from "@remit/core";
import type { Finder } from "../http/finder.ts";
import { spellingsOf } from "../http/reflected.ts";
import type { Connection } from "../vault/connection.ts";

export type Header = Secret<readonly [name: string, value: string]>;

/** What every request to one upstream carries. Without one nothing is sent. */
export interface Credential {
  /** The header for a request that is sent now. It rejects with an `InjectionFault` where there is none to be had. */
  current(): Header | Promise<Header>;
  /** Another header in the place of one that the upstream refused; undefined: there is none. Never rejects. */
  instead(refused: Header): Promise<Header | undefined>;
  /** Every spelling of what an answer must not hold, whenever it was obtained. */
  readonly spellings: Secret<Finder>;
}

/** A credential that is sent as it is. */
export function fixedCredential(connection: Connection, secret: Secret<string>): Credential {
  const { header, texts } = injected(connection, secret);
  return {
    current: () => header,
    instead: async () => undefined,
    spellings: new Secret(spellingsOf(texts)),
  };
}

/** The header that carries a credential, and every text of it that an answer must not hold. */
function injected(
  { inject }: Connection,
  secret: Secret<string>,
): { readonly header: Header; readonly texts: readonly string[] } {
  const value = secret.reveal();
  switch (inject.form) {
    case "bearer":
      return { header: bearer(value), texts: [value] };
    case "basic": {
      const pair = `${inject.username}:${value}`;
      return {
        header: new Secret(["authorization", `Basic ${Buffer.from(pair).toString("base64")}`]),
        texts: [value, pair],
      };
    }
    case "header":
      return { header: new Secret([inject.header, value]), texts: [value] };
    case "oauth_refresh":
    case "signed":
      throw new Error("tokens are obtained first");
  }
}

/** RFC 6750 2.1. */
export const bearer = (token: string): Header => new Secret(["authorization", `Bearer ${token}`]);
