import { BARE_PRIMITIVES, type DecisionPrimitives } from "@remit/core";

/** What this program brings to read calls. GraphQL queries are read by a gateway only, and refused here. */
export const PRIMITIVES: DecisionPrimitives = BARE_PRIMITIVES;
