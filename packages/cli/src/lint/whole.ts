import type { Connector } from "@remit/core";
import { risksOf } from "../from-openapi/risks.ts";
import type { Finding, Rule } from "./finding.ts";

/** Kinds of doors that most APIs have. */
const FAMILIES: Readonly<Record<string, string>> = {
  search: "searches and lists show records that nobody granted",
  bulk: "bulk, batch and import calls reach many records at once",
  credentials: "calls that show or make tokens and keys outlive every grant",
  webhooks: "webhooks send later events to an address of the caller's choice",
  export: "exports give out whole collections",
};

/** Doors that most APIs have, and that this connector does not speak of. */
export const missingSideDoors: Rule = ({ sideDoors }) => {
  const rule = "side-door-missing";
  const fix = "list it under `side_doors`, with a row in the must-deny list; the API's own index of calls tells";
  if (sideDoors.length === 0)
    return [
      {
        ...{ rule, severity: "error", path: ["side_doors"], fix },
        what: "no side door is listed",
        why: "every API that grew has calls that reach more than one record, and a list is how a reviewer sees them shut",
      },
    ];
  const known = new Set(
    sideDoors.flatMap(({ method, path }) => risksOf({ method, path, id: "", calls: false }).map(({ name }) => name)),
  );
  return Object.entries(FAMILIES)
    .filter(([family]) => !known.has(family))
    .map(([family, why]): Finding => ({
      ...{ rule, severity: "warning", path: ["side_doors"], why, fix },
      what: `no side door of the kind \`${family}\` is listed`,
    }));
};

/** Writes that could overwrite what somebody else wrote in between. */
export const missingPreconditions: Rule = ({ types }) =>
  Object.values(types).flatMap((type) =>
    Object.values(type.operations)
      .filter(({ method }) => method === "PUT" || method === "PATCH" || method === "DELETE")
      .filter(({ precondition }) => precondition === "none")
      .map((operation): Finding => {
        const versioned = type.resolve?.version !== undefined;
        return {
          ...{ rule: "precondition-none", severity: versioned ? "error" : "warning" },
          path: ["types", type.name, "operations", operation.name, "precondition"],
          what: `\`${operation.name}\` has no precondition`,
          why: versioned
            ? "the API names versions of the record, and a change between the gateway's read and its write would go unseen"
            : "a record that was moved between the gateway's read and its write would be written all the same",
          fix: versioned
            ? "`precondition: atomic`, if the call takes If-Match; else `checked`"
            : "`precondition: checked` has the gateway read again right before it writes",
        };
      }),
  );

/** What a stolen credential could do is not said. */
export const missingResidual: Rule = ({ residual }: Connector) => {
  const found = (severity: Finding["severity"], what: string, fix: string): Finding => ({
    ...{ rule: "residual-missing", severity, path: ["residual"], what, fix },
    why: "whoever connects an account must hear what its credential is worth to a thief",
  });
  if (residual === undefined || residual.could.length === 0)
    return [found("error", "nothing says what the stored credential could do", "add `residual: { could, narrower }`")];
  return residual.narrower.length === 0 || residual.narrower.some((line) => line.startsWith("not looked up yet"))
    ? [found("warning", "nothing says how to get a narrower credential", "look at the vendor's pages and say it")]
    : [];
};
