import type { Json } from "../json/read.ts";

/**
 * A limit on one canonical value of an operation. Constraints are closed: anything else is refused when read.
 * `range` compares exact decimals; `not_one_of` stands only on closed enumerations of the connector.
 */
export type Constraint =
  | { readonly kind: "exact"; readonly value: Json }
  | { readonly kind: "one_of"; readonly values: readonly Json[] }
  | { readonly kind: "not_one_of"; readonly values: readonly Json[] }
  | { readonly kind: "range"; readonly min?: number; readonly max?: number }
  | { readonly kind: "all"; readonly of: readonly Constraint[] };

/** Which record or records an entry is about. `any` exists in trust policies and ceilings only, never in a grant. */
export type RecordScope =
  | { readonly by: "identifier"; readonly identifier: string; readonly alias?: string }
  | {
      readonly by: "within";
      readonly type: string;
      readonly identifier: string;
      readonly alias?: string;
    }
  | { readonly by: "any" };

/** Constraints of an entry: action → JSON pointer of the canonical operation → constraint. */
export type Where = Readonly<Record<string, Readonly<Record<string, Constraint>>>>;

/** Numbers that an entry may be spent to. */
export interface Limits {
  /** Upstream requests of named operations, at least 1. */
  readonly uses?: number;
}

/** One entry of an authority: an RFC 9396 `authorization_details` object in its one canonical form. */
export interface Entry {
  /** `<resource name>.<record type>`. */
  readonly type: string;
  /** The one resource (RFC 8707) that this entry is for; the only member of `locations`. */
  readonly location: string;
  readonly record: RecordScope;
  /** Sorted, without repeats, never empty. */
  readonly actions: readonly string[];
  readonly fields: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly where: Where;
  /** Identifiers of records that are excluded, sorted. */
  readonly except: readonly string[];
  readonly limits: Limits;
}

/** What a grant, a policy or a ceiling holds. One entry alone must permit a whole call. */
export type Authority = readonly Entry[];

/** An entry as it is asked for: what is left out is inherited from the one held entry within which it lies. */
export interface AskedEntry {
  readonly type: string;
  readonly location: string;
  readonly record:
    | RecordScope
    | { readonly by: "alias"; readonly alias: string }
    | { readonly by: "within_alias"; readonly type: string; readonly alias: string };
  readonly actions?: readonly string[];
  readonly fields?: { readonly read?: readonly string[]; readonly write?: readonly string[] };
  readonly where?: Where;
  readonly except?: readonly string[];
  readonly limits?: Limits;
}
