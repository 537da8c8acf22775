import type { Part, RecordType } from "@remit/core";
import type { Finding, Rule } from "./finding.ts";
import { isNegated, longest, mayBegin, mayHold } from "./patterns.ts";

const MOST = 128;

/** Identifiers, aliases and path parameters that let in more than a name. */
export const unconstrainedNames: Rule = ({ types }) =>
  Object.values(types).flatMap((type) => [
    ...["identifier" as const, "alias" as const].flatMap((which) =>
      Object.entries(type[which]?.parts ?? {}).flatMap(([name, part]) =>
        part.patterns.flatMap((pattern) => judge(pattern, part, isWritten(type, name), ["types", type.name, which])),
      ),
    ),
    ...paramsOf(type),
  ]);

function paramsOf(type: RecordType): readonly Finding[] {
  return Object.values(type.operations).flatMap((operation) =>
    Object.entries(operation.params).flatMap(([name, { schema }]) => {
      const path = ["types", type.name, "operations", operation.name, "params", name];
      const pattern = schema.kind === "string" ? schema.pattern : undefined;
      const part: Part = { patterns: [], segments: 1, never: [] };
      return pattern === undefined ? [] : judge(pattern, part, isWritten(type, name), path);
    }),
  );
}

/** Whether every path writes a slash inside this value as `%2f`, or reads the segments that it parts one by one. */
function isWritten(type: RecordType, name: string): boolean {
  const paths = Object.values(type.operations).flatMap(({ path, accept }) => [path, ...accept]);
  const places = paths.flatMap(({ segments }) =>
    segments.filter((segment) => "part" in segment && (segment.part === name || segment.part === "record")),
  );
  const bounded = (segment: (typeof places)[number]): boolean =>
    "part" in segment && (segment.slash !== undefined || segment.many);
  return places.length > 0 && places.every(bounded);
}

function judge(pattern: string, part: Part, slashWritten: boolean, path: readonly string[]): readonly Finding[] {
  const rule = "unconstrained-identifier";
  const found = (severity: Finding["severity"], what: string, why: string, fix: string): Finding => ({
    ...{ rule, severity, path, why, fix },
    what: `the pattern \`${pattern}\` ${what}`,
  });
  const breaking = ["/", "?", "#", "%", "\\", ";"].filter(
    (character) => mayHold(pattern, character) && !(character === "/" && slashWritten && part.segments === 1),
  );
  return [
    ...(isNegated(pattern)
      ? [found("error", "says what is not in it", "everything else is let into a path", "name the characters")]
      : breaking.length > 0
        ? [
            found(
              "error",
              `accepts ${breaking.map((character) => `\`${character}\``).join(" ")}`,
              "such a name can reach into another path, or end it",
              "leave them out; a name that has slashes is written `{name%2f}`, or has `segments`",
            ),
          ]
        : []),
    ...(mayBegin(pattern, ".")
      ? [
          found(
            "warning",
            "accepts a name that begins with a dot",
            "hidden files and other special names begin with one",
            "begin with a class without the dot, or name the special ones in `never`",
          ),
        ]
      : []),
    ...(longest(pattern) > MOST
      ? [
          found(
            "warning",
            `accepts ${longest(pattern)} characters`,
            "no identifier that people read is so long, and what is long hides what is in it",
            `bound it at what the API has, at most ${MOST}`,
          ),
        ]
      : []),
  ];
}
