import type { Connection } from "../vault/connection.ts";
import type { Vault } from "../vault/vault.ts";
import { type Credential, fixedCredential } from "./credential.ts";
import { type ObtainedCredential, obtainedCredential } from "./obtained-credential.ts";

/** The credentials of all connections. Those that obtain tokens live as long as their secret is the one in the vault. */
export interface Credentials {
  /** The credential of a connection as it is now; undefined: the vault has none. */
  of(connection: Connection): Credential | undefined;
  /** Lets go of those whose connections are gone. */
  keepOnly(ids: readonly string[]): void;
}

export function createCredentials(vault: Vault, fault: (error: unknown) => void): Credentials {
  const held = new Map<string, ObtainedCredential>();
  const drop = (id: string): void => {
    void held.get(id)?.close().catch(fault);
    held.delete(id);
  };
  return {
    of(connection) {
      const { id, inject } = connection;
      const secret = vault.credential(id);
      const version = vault.version(id);
      if (secret === undefined || version === undefined) return undefined;
      const before = held.get(id);
      if (before?.version() === version && before !== undefined) return before;
      drop(id);
      if (inject.form !== "oauth_refresh" && inject.form !== "signed") return fixedCredential(connection, secret);
      const credential = obtainedCredential({ connection, inject, secret, version, vault, fault });
      held.set(id, credential);
      return credential;
    },
    keepOnly(ids) {
      for (const id of [...held.keys()]) if (!ids.includes(id)) drop(id);
    },
  };
}
