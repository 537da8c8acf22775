/** An operation that callers say as a GraphQL query, and that is asked as one. */
export interface GraphqlSpec {
  /** Fields from the root of the query down to the record. */
  readonly steps: readonly GraphqlStep[];
  /** Fields of the record's own GraphQL type, and which field of the record each is. */
  readonly fields: Readonly<Record<string, GraphqlField>>;
  /** Bytes of a request at most. */
  readonly maxRequest: number;
}

export interface GraphqlStep {
  readonly field: string;
  /** The GraphQL type of what the field gives; fragments may be on no other. */
  readonly type: string;
  readonly arguments: Readonly<Record<string, GraphqlArgument>>;
  /** Leaves that say which record it is, by the text of the parts that they are. */
  readonly identity: Readonly<Record<string, string>>;
}

export interface GraphqlArgument {
  readonly part: string;
  readonly as: "string" | "int";
}

export interface GraphqlField {
  readonly field: string;
  /** Leaves within it; none for a field that is a leaf itself. */
  readonly select: readonly string[];
}
