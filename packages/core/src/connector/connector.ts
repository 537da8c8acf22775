import type { OperationClass } from "../operation.ts";
import type { BatchSpec } from "./batch.ts";
import type { BodySpec, Lookup } from "./body.ts";
import type { GraphqlSpec } from "./graphql-spec.ts";
import type { Expected, ResponseSpec } from "./response.ts";
import type { ValueSchema } from "./schema.ts";
import type { Spelling } from "./spelling.ts";
import type { PathTemplate } from "./template.ts";

/** A field of a record: how it is read out of a response and how it is written. */
export interface Field {
  readonly title: string;
  /** Shape kept in responses; absent: the field cannot be read. */
  readonly read?: ValueSchema;
  /** Pointer to it within the record's fields. */
  readonly at: string;
  /** The one accepted spelling when written, and where its canonical value is; absent: the field cannot be written. */
  readonly write?: {
    readonly schema: ValueSchema;
    /** JSON pointer into the spelled value; "" is all of it. */ readonly canonical: string;
  };
  /** What can be done to it besides writing all of it; the canonical value of `add` is `/<field>/add`. */
  readonly verbs: Readonly<Record<string, ValueSchema>>;
}

/** A query parameter of the closed list. */
export type QueryParameter =
  /** Names fields to read; may repeat and may be comma-separated if `list`; absent: all granted ones. */
  | { readonly kind: "fields"; readonly list: boolean; readonly separator: "," }
  /**
   * A text, a whole number or a truth value, each in its one spelling. `default` stands for its absence, and is then
   * sent. `reads`: any other value picks records by this field, so the field must be granted as if it were read.
   */
  | {
      readonly kind: "value";
      readonly schema: ValueSchema;
      readonly as: string;
      readonly default?: string;
      readonly reads?: string;
    }
  /** Accepted only with this value, and not forwarded. */
  | { readonly kind: "ignored"; readonly value: string }
  /** Always sent with this value, and accepted with no other. */
  | { readonly kind: "constant"; readonly value: string };

/** A path parameter that is not the record. */
export interface PathParameter {
  readonly schema: ValueSchema;
  readonly as: string;
  readonly lookup?: Lookup;
}

/** One typed call. Its action is what entries name; several operations may share one action. */
export interface OperationSpec {
  readonly name: string;
  readonly action: string;
  readonly title: string;
  readonly class: OperationClass;
  /**
   * What holds between the gateway's read of a record and its write. `atomic`: the API itself refuses a record that
   * changed since. `checked`: the gateway reads again right before it writes, and a change in the moment between is not
   * noticed. `none`: nothing.
   */
  readonly precondition: "atomic" | "checked" | "none";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** What is sent: `/rest/api/3/issue/{record}`, made of parts of the identifier and of path parameters. */
  readonly path: PathTemplate;
  /** What callers may write: each is made of all parts of the identifier, or of all of the alias. */
  readonly accept: readonly PathTemplate[];
  readonly params: Readonly<Record<string, PathParameter>>;
  /** The type of the parent of which this lists the records; the path names the parent then. */
  readonly listOf?: string;
  readonly query: Readonly<Record<string, QueryParameter>>;
  /** Absent: a request body is refused. */
  readonly body?: BodySpec;
  readonly response: ResponseSpec;
  /** There where the operation is said and asked as a GraphQL query. */
  readonly graphql?: GraphqlSpec;
}

/** Where a record says what it is part of. */
export type ParentSpec =
  /** Pointer in the answer to a read of the record and in that of its `resolve`; `ask`: the field that a read must ask for. */
  | { readonly by: "answer"; readonly at: string; readonly ask?: string }
  /** The parent's identifier is a part of the record's own. */
  | { readonly by: "part"; readonly part: string }
  /** The parent's own list names the record. */
  | {
      readonly by: "list";
      readonly path: PathTemplate;
      readonly query: Readonly<Record<string, string>>;
      readonly list: string;
      readonly key: string;
    };

/** One read on the way from a name to a record. */
export interface ResolveStep {
  /** The first whose parts are known is read. */
  readonly paths: readonly PathTemplate[];
  readonly query: Readonly<Record<string, string>>;
  /** Pointer to what is looked at in the answer. */
  readonly at: string;
  /** Texts made of parts, and where they stand. */
  readonly gives: readonly { readonly text: string; readonly at: string }[];
  readonly is: Expected;
}

/** How a name becomes a record's identifier, and what may be shown of the record. */
export interface ResolveSpec {
  readonly steps: readonly ResolveStep[];
  readonly show: Readonly<Record<string, string>>;
  /** What of the last answer names the record's version; needed where an operation is `atomic` (RFC 9110 8.8.3). */
  readonly version?: "etag";
}

/** One kind of record of an API. A type without operations is there to be a parent: it is resolved, never called. */
export interface RecordType {
  readonly name: string;
  readonly title: string;
  /** How the immutable identifier is spelled. */
  readonly identifier: Spelling;
  /** How the name that people use is spelled. */
  readonly alias?: Spelling;
  /** `name`: the API has no immutable ids, so whatever has the name is meant. */
  readonly addressedBy: "identifier" | "name";
  /** Parents by record type, each another type of the connector. */
  readonly parents: Readonly<Record<string, ParentSpec>>;
  readonly fields: Readonly<Record<string, Field>>;
  readonly operations: Readonly<Record<string, OperationSpec>>;
  /** Absent: records of it are granted within a parent only. */
  readonly resolve?: ResolveSpec;
}

export const INJECTION_FORMS = ["basic", "bearer", "header", "oauth_refresh", "signed"] as const;

/** How one API is read and rebuilt. Says neither where the API is nor with which credential. */
export interface Connector {
  readonly name: string;
  readonly title: string;
  readonly types: Readonly<Record<string, RecordType>>;
  /** Forms in which a connection may inject its credential. */
  readonly inject: readonly (typeof INJECTION_FORMS)[number][];
  /** Variables in which unmodified programs expect the base URL, the credential and constants. */
  readonly environment: {
    readonly base_url: readonly string[];
    readonly credential: readonly string[];
    readonly constants: Readonly<Record<string, string>>;
    /** Variables that name a file, with its lines; `{base_url}`, `{host}` and `{credential}` stand in them. */
    readonly files: Readonly<Record<string, readonly string[]>>;
  };
  /** Headers that every upstream request has. */
  readonly headers: Readonly<Record<string, string>>;
  /** Media types that callers may ask for besides JSON. */
  readonly accept: readonly string[];
  /** Where errors of the API name fields. */
  readonly errors?: { readonly keys: string } | { readonly list: string; readonly name: string };
  readonly rateLimit?: RateLimit;
  /** Requests that hold others, which are taken apart. */
  readonly batches: readonly BatchSpec[];
  /** Ways past the operations that are known and closed. */
  readonly sideDoors: readonly SideDoor[];
  readonly residual?: { readonly could: readonly string[]; readonly narrower: readonly string[] };
  /** `jira@sha256-…` over the canonical JSON of the parsed file. */
  readonly digest: string;
}

/** How the API says that there were too many calls. */
export interface RateLimit {
  readonly status: readonly number[];
  readonly when?: { readonly header: string; readonly is: string };
  /** The header that says how many seconds to wait. */
  readonly retryAfter?: string;
}

export interface SideDoor {
  readonly method: string;
  readonly path: string;
  readonly reaches: string;
}
