import type { Json } from "../json/read.ts";
import type { OperationClass } from "../operation.ts";

/** The shape of one JSON value, closed: members that are not declared do not exist. */
export type ValueSchema =
  | {
      readonly kind: "string";
      readonly max: number;
      readonly pattern?: string;
      readonly enum?: readonly string[];
    }
  | { readonly kind: "number"; readonly min?: number; readonly max?: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "array"; readonly items: ValueSchema; readonly max: number }
  | {
      readonly kind: "object";
      readonly members: Readonly<Record<string, ValueSchema>>;
      readonly required: readonly string[];
    }
  | { readonly kind: "nullable"; readonly of: ValueSchema };

/** A field of a record: how it is read out of a response and how it is written. */
export interface Field {
  readonly title: string;
  /** Shape kept in responses; absent: the field cannot be read. */
  readonly read?: ValueSchema;
  /** The one accepted spelling when written, and where its canonical value is; absent: the field cannot be written. */
  readonly write?: {
    readonly schema: ValueSchema;
    /** JSON pointer into the spelled value; "" is all of it. */ readonly canonical: string;
  };
}

/** A place in a request body. Members that are not declared are refused. */
export type BodyNode =
  | { readonly kind: "object"; readonly members: Readonly<Record<string, BodyMember>> }
  /** An object whose keys are names of fields being written. */
  | { readonly kind: "fields" }
  /** A value that `where` may speak about under the pointer `as`. */
  | { readonly kind: "value"; readonly schema: ValueSchema; readonly as: string }
  /** A caller's key that the gateway translates by reading the upstream: what is decided is the value found. */
  | {
      readonly kind: "lookup";
      readonly schema: ValueSchema;
      readonly as: string;
      readonly lookup: Lookup;
    };

/** A body member and its rule for absence: refused, left out, or a default which is then also sent. */
export interface BodyMember {
  readonly node: BodyNode;
  readonly absent:
    { readonly rule: "refuse" } | { readonly rule: "unchanged" } | { readonly rule: "default"; readonly value: Json };
}

/** The gateway's own read that turns a caller's key (a transition id) into what people grant (a target status). */
export interface Lookup {
  /** GET, under the connector's own path template; only `{record}` may stand in it, and it is the pinned id. */
  readonly path: string;
  /** Pointer to the list in the response, and within an item to the key and to the value. */
  readonly list: string;
  readonly key: string;
  readonly value: string;
}

/** A query parameter of the closed list. */
export type QueryParameter =
  /** Names fields to read; may repeat and may be comma-separated if `list`; absent: all granted ones. */
  | { readonly kind: "fields"; readonly list: boolean; readonly separator: "," }
  | { readonly kind: "value"; readonly schema: ValueSchema; readonly as: string }
  /** Accepted only with this value, and not forwarded. */
  | { readonly kind: "ignored"; readonly value: string };

/** What of a successful response is released. Nothing else is. */
export type ResponseSpec =
  | { readonly kind: "empty"; readonly status: readonly number[] }
  | {
      readonly kind: "record";
      readonly status: readonly number[];
      readonly max: number;
      /** Pointer to the record's immutable id, compared with the pinned one before anything is released. */
      readonly id: string;
      /** Pointer to the object whose members are the record's fields. */
      readonly fields: string;
      /** Other members that are released as they are, by pointer. */
      readonly keep: Readonly<Record<string, ValueSchema>>;
    }
  | {
      readonly kind: "list";
      readonly status: readonly number[];
      readonly max: number;
      /** Pointer to the list; every item is projected by `item`. */
      readonly at: string;
      readonly item: ValueSchema;
      /** Items are kept only if the authority permits `action` with this canonical member taken from the item. */
      readonly only: { readonly action: string; readonly member: string; readonly from: string };
    };

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
  /** `/rest/api/3/issue/{record}`: literal segments and whole-segment parameters. */
  readonly path: string;
  readonly query: Readonly<Record<string, QueryParameter>>;
  /** Absent: a request body is refused. */
  readonly body?: { readonly root: BodyNode; readonly max: number };
  readonly response: ResponseSpec;
}

/** Where a record says what it is part of. */
export interface ParentSpec {
  /** Pointer to the parent's identifier, in the answer to a read of the record and in that of its `resolve`. */
  readonly at: string;
  /** The field that a read must ask for so that the answer holds it. */
  readonly ask: string;
}

/** One kind of record of an API. A type without operations is there to be a parent: it is resolved, never called. */
export interface RecordType {
  readonly name: string;
  readonly title: string;
  /** Spelling of the immutable identifier, an anchored pattern. */
  readonly identifier: string;
  /** Spelling of the alias that people use, an anchored pattern. */
  readonly alias?: string;
  /** Parents by record type, each another type of the connector. */
  readonly parents: Readonly<Record<string, ParentSpec>>;
  readonly fields: Readonly<Record<string, Field>>;
  readonly operations: Readonly<Record<string, OperationSpec>>;
  /** How an alias becomes the identifier, and what may be shown of the record. */
  readonly resolve: {
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
    readonly id: string;
    readonly alias: string;
    readonly show: Readonly<Record<string, string>>;
    /** What of the answer names the record's version; needed where an operation is `atomic` (RFC 9110 8.8.3). */
    readonly version?: "etag";
  };
}

/** How one API is read and rebuilt. Says neither where the API is nor with which credential. */
export interface Connector {
  readonly name: string;
  readonly title: string;
  readonly types: Readonly<Record<string, RecordType>>;
  /** Forms in which a connection may inject its credential. */
  readonly inject: readonly ("basic" | "bearer" | "header" | "oauth_refresh" | "signed")[];
  /** Variables in which unmodified programs expect the base URL, the credential and constants. */
  readonly environment: {
    readonly base_url: readonly string[];
    readonly credential: readonly string[];
    readonly constants: Readonly<Record<string, string>>;
  };
  /** `jira@sha256-…` over the canonical JSON of the parsed file. */
  readonly digest: string;
}
