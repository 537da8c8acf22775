import type { ArchiveFact, ArchiveNode, Lookup } from "../connector/body.ts";
import type { Json, JsonObject } from "../json/read.ts";
import type { Operation } from "../operation.ts";
import type { Routed } from "./route.ts";

/** A caller's key whose meaning the gateway still has to read from the upstream. */
export interface OpenLookup {
  readonly lookup: Lookup;
  readonly as: string;
  readonly key: string;
}

/** A call in canonical form, as far as the request alone says it, and what it takes to say it again. */
export interface Named {
  readonly routed: Routed;
  readonly operation: Operation;
  /** True where the caller named no fields: all granted ones are meant. */
  readonly allFields: boolean;
  readonly lookups: readonly OpenLookup[];
  /** There where the call was said as a GraphQL query: under which names its answer is wanted. */
  readonly graphql?: GraphqlShape;
  /** The body as it was read and found to be of the declared form. */
  readonly body: Json | undefined;
}

/** The caller's names for what a GraphQL query asks for, from the root to the leaves. */
export interface GraphqlShape {
  readonly path: readonly string[];
  readonly leaves: readonly {
    readonly key: string;
    /** The field of the record. */
    readonly field: string;
    readonly select: readonly { readonly name: string; readonly key: string }[];
  }[];
}

/** Effects that reading a call needs and that are none: what is opened depends on nothing but the bytes. */
export interface CallPrimitives {
  /** What is in an archive; undefined for one that has several readings or is past its bounds. */
  readonly openArchive: (base64: string, node: ArchiveNode) => OpenedArchive | undefined;
}

/** An archive of one reading: its document, and what is known of its bytes. */
export interface OpenedArchive {
  readonly document: JsonObject;
  readonly facts: Readonly<Record<ArchiveFact, string>>;
}

/** What a reading of a request has found so far. */
export interface Reading {
  readonly routed: Routed;
  readonly primitives: CallPrimitives;
  readonly fullType: string;
  readonly read: Set<string>;
  readonly write: Set<string>;
  readonly members: Record<string, Json>;
  readonly lookups: OpenLookup[];
  /** Actions that the record needs besides the operation's own. */
  readonly also: Set<string>;
  /** Documents of archives that were read, by their path. */
  readonly documents: Map<string, JsonObject>;
  /** Other records that the call names, each in its role. */
  readonly roles: Operation["records"][number][];
  allFields: boolean;
}

/** Why a request is not of the form of an operation. */
export interface FormFault {
  readonly code: "operation_unknown" | "body_refused" | "field_not_granted";
  readonly detail: string;
  readonly over?: Readonly<Record<string, readonly string[]>>;
}

export const bodyFault = (detail: string): FormFault => ({ code: "body_refused", detail });
export const queryFault = (detail: string): FormFault => ({ code: "operation_unknown", detail });
