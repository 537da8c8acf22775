/** The shape of one JSON value, closed: members that are not declared do not exist. */
export type ValueSchema =
  | {
      readonly kind: "string";
      readonly max: number;
      readonly pattern?: string;
      readonly enum?: readonly string[];
      /** Texts that must not stand anywhere in it, such as the beginning of a template that the API would fill in. */
      readonly never?: readonly string[];
    }
  | { readonly kind: "number"; readonly min?: number; readonly max?: number }
  | { readonly kind: "integer"; readonly min?: number; readonly max?: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "array"; readonly items: ValueSchema; readonly max: number }
  | ObjectSchema
  /** An object whose names are data: each is spelled like `keys`, each value has one shape. */
  | { readonly kind: "map"; readonly keys: string; readonly values: ValueSchema; readonly max: number }
  | { readonly kind: "nullable"; readonly of: ValueSchema }
  /** A URL: of the connection's own origin it becomes one of the gateway's, any other is left out. */
  | { readonly kind: "link" }
  /** A shape of the connector by name; shapes may hold themselves. */
  | { readonly kind: "ref"; readonly name: string; readonly shape: () => ValueSchema }
  /**
   * An object whose member `by` says which of the shapes its other members have; what no shape is for is refused. In a
   * list of an answer it is left out instead, where the shape says so.
   */
  | {
      readonly kind: "tagged";
      readonly by: string;
      readonly shapes: Readonly<Record<string, ObjectSchema>>;
      readonly others?: "left_out";
    }
  /** Any JSON: a document or a language that nobody here reads. Constraints on it can only be `exact`. */
  | { readonly kind: "opaque" };

export interface ObjectSchema {
  readonly kind: "object";
  readonly members: Readonly<Record<string, ValueSchema>>;
  readonly required: readonly string[];
}

/** The shape of the value at a pointer inside a value of this shape. */
export function schemaAt(schema: ValueSchema, pointer: string): ValueSchema {
  if (pointer === "") return schema;
  const [, first = "", ...rest] = pointer.split("/");
  const inner = schema.kind === "object" ? schema.members[first] : undefined;
  if (inner === undefined) throw new RangeError(`the shape has nothing at \`${pointer}\``);
  return schemaAt(inner, rest.length === 0 ? "" : `/${rest.join("/")}`);
}
