import type { Json, JsonLimits } from "../json/read.ts";
import type { ValueSchema } from "./schema.ts";
import type { PathTemplate } from "./template.ts";

/** A place in a request body. Members that are not declared are refused. */
export type BodyNode =
  | { readonly kind: "object"; readonly members: Readonly<Record<string, BodyMember>> }
  /** An object whose keys are names of fields being written. */
  | { readonly kind: "fields"; readonly only?: readonly string[] }
  /** An object whose keys are names of fields, each with one verb in a list: `{labels: [{add: "x"}]}`. */
  | { readonly kind: "verbs" }
  /** A value that `where` may speak about under the pointer `as`. */
  | { readonly kind: "value"; readonly schema: ValueSchema; readonly as: string }
  /** A caller's key that the gateway translates by reading the upstream: what is decided is the value found. */
  | {
      readonly kind: "lookup";
      readonly schema: ValueSchema;
      readonly as: string;
      readonly lookup: Lookup;
    }
  /** A value that is always the same, and is sent as it is declared. */
  | { readonly kind: "constant"; readonly value: Json }
  /** Exactly this text, made of the record's identifier (`{record}`) and of canonical values (`{/version}`). */
  | { readonly kind: "text"; readonly text: string }
  /** An object with exactly one member, whose name is a canonical value or a text. */
  | { readonly kind: "entry"; readonly key: EntryKey; readonly node: BodyNode }
  /** A URL that ends with this path, made as a text is; sent as one below the connection's own origin. */
  | { readonly kind: "link"; readonly path: string }
  | OpaqueNode
  | ArchiveNode
  | RecordNode;

export type EntryKey = { readonly schema: ValueSchema; readonly as: string } | { readonly text: string };

/** Any JSON object: what nobody here reads, but for members that it never has or that say what was decided. */
export interface OpaqueNode {
  readonly kind: "opaque";
  readonly as?: string;
  readonly never: readonly string[];
  /** Texts that must stand at these pointers. */
  readonly same: Readonly<Record<string, string>>;
  /** Members that are read, each with its own rule. */
  readonly members: Readonly<Record<string, BodyMember>>;
  /** It says what a document in an archive that was read before it says, member by member, but for these. */
  readonly like?: { readonly document: string; readonly except: readonly string[] };
}

export const ARCHIVE_FACTS = ["sha512", "sha1", "size"] as const;

/** What is known of an archive's bytes: digests in base64 and in hexadecimal, and their number in digits. */
export type ArchiveFact = (typeof ARCHIVE_FACTS)[number];

/** A base64 text that holds a compressed archive, in which a document says what was decided. */
export interface ArchiveNode {
  readonly kind: "archive";
  readonly format: "tar.gz";
  /** Bytes of the unpacked archive at most. */
  readonly max: number;
  /** The one entry that is read, as strict JSON. All entries lie in its top folder. */
  readonly document: string;
  readonly same: Readonly<Record<string, string>>;
  /** Facts about the bytes that are canonical values, by pointer. */
  readonly gives: Readonly<Record<string, ArchiveFact>>;
}

/** Names another record: some entry must have `action` for it, and it is sent as that entry names it. */
export interface RecordNode {
  readonly kind: "record";
  readonly type: string;
  readonly role: string;
  readonly action: string;
  readonly form: "identifier" | "alias";
}

/** A body member and its rule for absence: refused, left out, or a default which is then also sent. */
export interface BodyMember {
  readonly node: BodyNode;
  readonly absent:
    { readonly rule: "refuse" } | { readonly rule: "unchanged" } | { readonly rule: "default"; readonly value: Json };
  /** Another action that the record needs where this member is there, because it creates or changes more than fields. */
  readonly needs?: string;
}

/** The body of an operation. */
export interface BodySpec {
  readonly root: BodyNode;
  /** Bytes at most. */
  readonly max: number;
  /** Bounds of reading that differ from those of every other body. */
  readonly limits: JsonLimits;
}

/** The gateway's own read that turns a caller's key (a transition id) into what people grant (a target status). */
export interface Lookup {
  /** GET, under the connector's own path template, made of the pinned identifier. */
  readonly path: PathTemplate;
  /** Pointer to the list in the response, and within an item to the key and to the value. */
  readonly list: string;
  readonly key: string;
  readonly value: string;
}
