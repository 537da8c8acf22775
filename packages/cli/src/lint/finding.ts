import type { Connector } from "@remit/core";

/** Something that a reviewer would ask about a connector. */
export interface Finding {
  readonly rule: string;
  readonly severity: "error" | "warning";
  /** Names of members from the outside in. */
  readonly path: readonly (string | number)[];
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** One rule: everything that it finds. */
export type Rule = (connector: Connector) => readonly Finding[];
