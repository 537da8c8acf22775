/** Tells the operator something, as one line of JSON. */
export type Say = (
  level: "info" | "warn" | "error",
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;
