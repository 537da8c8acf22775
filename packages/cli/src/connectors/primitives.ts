import { BARE_PRIMITIVES, type DecisionPrimitives } from "@remit/core";
import { callPrimitives } from "@remit/sdk";

/** What this program brings to read calls: archives are opened. GraphQL queries are read by a gateway only, and refused here. */
export const PRIMITIVES: DecisionPrimitives = { ...BARE_PRIMITIVES, ...callPrimitives };
