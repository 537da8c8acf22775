/** How often a bare server does each raw operation for one request. */
export interface Work {
  readonly verify?: number;
  readonly sign?: number;
  /** Parse and print of 1 kB. */
  readonly json?: number;
  readonly hash?: number;
  /** Rows in a grouped, durable SQLite commit; with any there is one record with its tree hashes too. */
  readonly rows?: number;
  /** Where the request is sent on to. */
  readonly upstream?: string;
  /** Whether a record with its tree hashes is appended durably to a file. */
  readonly durable?: boolean;
  /** Also answers one message over mutual TLS a request, on a listener of its own. */
  readonly tls?: { readonly key: string; readonly cert: string };
}
