import type { Connector } from "@remit/core";
import { uncomparedAnswers } from "./answers.ts";
import type { Finding, Rule } from "./finding.ts";
import { unconstrainedNames } from "./names.ts";
import { unboundedOpaque } from "./opaque.ts";
import { foreignFields } from "./reach.ts";
import { missingPreconditions, missingResidual, missingSideDoors } from "./whole.ts";

const RULES: readonly Rule[] = [
  ...[unconstrainedNames, uncomparedAnswers, foreignFields, unboundedOpaque],
  ...[missingSideDoors, missingPreconditions, missingResidual],
];

/** Everything that a careful reviewer would ask about a connector, the worst first. */
export const lintConnector = (connector: Connector): readonly Finding[] =>
  RULES.flatMap((rule) => rule(connector)).toSorted((one, other) => weight(one) - weight(other));

const weight = ({ severity }: Finding): number => (severity === "error" ? 0 : 1);
