/** The members of a value that may be anything. */
export const members = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? { ...value } : {};

export const member = (value: unknown, name: string): unknown => members(value)[name];

/** What was asked of the desk. */
export interface DeskRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** The desk's own address, for the links in its answers. */
  readonly base: string;
}

export interface DeskAnswer {
  readonly status: number;
  readonly body?: unknown;
  /** A file instead of a body. */
  readonly bytes?: { readonly type: string; readonly name: string; readonly data: Buffer };
  readonly location?: string;
}

export const missing: DeskAnswer = {
  status: 404,
  body: {
    errorMessages: ["Issue does not exist or you do not have permission to see it."],
    errors: {},
  },
};
