import type { RecordType } from "./connector.ts";

/** Every action that operations of a record type need. */
export const actionsOf = (type: RecordType): readonly string[] =>
  [...new Set(Object.values(type.operations).map((operation) => operation.action))].sort();
