import type { Json } from "../json/read.ts";
import type { ValueSchema } from "./schema.ts";

/** What an answer must say at these pointers: one of the values, or nothing at all. */
export type Expected = Readonly<Record<string, "absent" | readonly Json[]>>;

/** Where the parts of a record's identifier stand in an answer, by the text that they make: `{"{number}": "/number"}`. */
export type IdentityAt = readonly { readonly text: string; readonly at: string }[];

/** What of a successful response is released. Nothing else is. */
export type ResponseSpec =
  | { readonly kind: "empty"; readonly status: readonly number[] }
  | RecordResponse
  | RecordsResponse
  | ListResponse
  /** Something of the record that is no field of it, such as a comment that was made. */
  | {
      readonly kind: "value";
      readonly status: readonly number[];
      readonly max: number;
      /** Pointer to what is released; "" is all of it. */
      readonly at: string;
      readonly shape: ValueSchema;
      readonly is: Expected;
    }
  /** A file: released as it is, under one of the declared types, to be saved and not shown. */
  | {
      readonly kind: "bytes";
      readonly status: readonly number[];
      readonly max: number;
      readonly types: readonly string[];
    };

export interface RecordResponse {
  readonly kind: "record";
  readonly status: readonly number[];
  readonly max: number;
  /** The record's immutable id, compared with the pinned one before anything is released. */
  readonly id: IdentityAt;
  /** Pointer to the object whose members are the record's fields. */
  readonly fields: string;
  /** Other members that are released as they are, by pointer. */
  readonly keep: Readonly<Record<string, ValueSchema>>;
  readonly is: Expected;
}

/** The query parameter that a link to the next page sets (RFC 8288), so that the gateway can say it anew. */
export interface NextPage {
  readonly parameter: string;
}

/** Records of a type within one parent: each is projected like a single one, and what is not granted is left out uncounted. */
export interface RecordsResponse extends Omit<RecordResponse, "kind"> {
  readonly kind: "records";
  /** Pointer to the list; `id`, `fields` and `is` are pointers within an item, `keep` within the answer. */
  readonly at: string;
  /** Pointers within an item to its parents, where they stand elsewhere than in the record's own answer. */
  readonly parents: Readonly<Record<string, string>>;
  /** Members of an item that are released as they are. */
  readonly item: Readonly<Record<string, ValueSchema>>;
  readonly next?: NextPage;
}

export interface ListResponse {
  readonly kind: "list";
  readonly status: readonly number[];
  readonly max: number;
  /** Pointer to the list; every item is projected by `item`. */
  readonly at: string;
  readonly item: ValueSchema;
  readonly next?: NextPage;
  /** Members of the answer that are released as they are, such as where it goes on. */
  readonly keep: Readonly<Record<string, ValueSchema>>;
  /** Items are kept only if the authority permits `action` with this canonical member taken from the item; absent: all are. */
  readonly only?: { readonly action: string; readonly member: string; readonly from: string };
}
