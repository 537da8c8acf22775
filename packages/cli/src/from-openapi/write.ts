import type { Description } from "./description.ts";
import { loose } from "./description.ts";
import type { Described } from "./operations.ts";
import { plainText, quoted } from "./plain-text.ts";
import { familiesOf, type RecordGuess } from "./records.ts";
import { operationSkeleton, typeSkeleton } from "./skeleton.ts";
import { type Plain, yamlLines } from "./yaml-lines.ts";

/** A connector that refuses everything, and what was found on the way. */
export interface Draft {
  readonly text: string;
  readonly operations: number;
  readonly types: number;
  /** How many operations bear each mark. */
  readonly risky: Readonly<Record<string, number>>;
}

/** Where editors find what a connector may say. */
const SCHEMA = "https://unpkg.com/@remit/core@0.1.0/schema/connector.schema.json";

/** Writes a connector without any operation, with every operation of the description as comments. */
export function writeConnector(description: Description, operations: readonly Described[], name: string): Draft {
  const { records, others } = familiesOf(description, operations);
  const risky = Object.groupBy(
    operations.flatMap(({ risks }) => risks),
    (risk) => risk.name,
  );
  const counts = Object.fromEntries(Object.entries(risky).map(([risk, found = []]) => [risk, found.length]));
  const info = loose(description.root["info"]);
  const title = plainText(info?.["title"], 80) || name;
  const lines = [
    `# yaml-language-server: $schema=${SCHEMA}`,
    ...commented(1, [
      `Made by \`remit connector from-openapi\` from ${quoted(title, 80)} ${quoted(info?.["version"], 40)}.`,
      `It refuses everything: all ${operations.length} operations below are comments. Words in quotation marks are the description's.`,
      "",
      "To switch something on, take the first `# ` off the lines of a record type (`types: {}` becomes `types:`), then off",
      "the lines of an operation in it (`operations: {}` becomes `operations:`). Lines that are words stay comments.",
      "Lines with `RISK` say why an operation is better left off, or made a side door with a must-deny row.",
      "docs/connectors.md says what each member means; `remit connector lint` says what is still to be narrowed.",
      "",
      ...Object.entries(counts).map(([risk, count]) => `${count} marked: ${risk}`),
    ]),
    ...yamlLines({ connector: name, title, inject: injectOf(description), environment: environmentOf(name) }, 0),
    ...sideDoors(operations),
    ...yamlLines({ residual: residualOf(counts, operations.length, title) }, 0),
    "types: {}",
    ...records.flatMap((guess) => recordLines(description, guess)),
    ...others.flatMap(({ family, operations: inside }) => [
      ...commented(1, ["", `──── ${family}: no record in the path, so one grant cannot hold it ────`]),
      ...inside.flatMap((operation) => commented(1, words(operation))),
    ]),
  ];
  return { text: `${lines.join("\n")}\n`, operations: operations.length, types: records.length, risky: counts };
}

/** Lines that stay comments until their `# ` is taken off `level` times. */
const commented = (level: number, lines: readonly string[]): readonly string[] =>
  lines.map((line) => `${"# ".repeat(level)}${line}`.trimEnd());

function recordLines(description: Description, guess: RecordGuess): readonly string[] {
  const type = typeSkeleton(description, guess);
  const taken = new Set<string>();
  const marked = guess.operations.filter(({ risks }) => risks.length > 0).length;
  return [
    ...commented(1, ["", `──── ${guess.read.path}: ${guess.operations.length} operations, ${marked} with RISK ────`]),
    ...commented(2, type.notes),
    ...commented(1, yamlLines({ [type.name]: type.block }, 2)),
    ...guess.operations.flatMap((operation) => {
      const skeleton = operationSkeleton(description, guess, operation, taken);
      if ("why" in skeleton) return commented(2, [...words(operation), `cannot be switched on: ${skeleton.why}`]);
      taken.add(skeleton.name);
      return [
        ...commented(3, [...words(operation), ...skeleton.notes]),
        ...commented(2, yamlLines({ [skeleton.name]: skeleton.block }, 6)),
      ];
    }),
  ];
}

const words = (operation: Described): readonly string[] => [
  `${operation.method} ${operation.path} ${quoted(operation.summary, 160)}${operation.deprecated ? " (deprecated)" : ""}`,
  ...operation.risks.map(({ name, why }) => `RISK ${name}: ${why}`),
];

/** Doors around any grant, for the author to choose from. */
function sideDoors(operations: readonly Described[]): readonly string[] {
  const doors = operations.filter(({ risks }) => risks.some(({ name }) => name === "bulk" || name === "search"));
  return [
    "side_doors: []",
    ...commented(1, ["doors that reach more than one record; each that is listed needs a row in the must-deny list:"]),
    ...commented(
      1,
      doors.map(
        ({ method, path }) =>
          `  - { door: ${JSON.stringify(`${method} ${path}`)}, reaches: "records that nobody granted" }`,
      ),
    ),
  ];
}

/** Forms in which the description says that its credential is sent; bearer where it says nothing that we know. */
function injectOf({ root, follow }: Description): readonly string[] {
  const schemes = Object.values(loose(loose(root["components"])?.["securitySchemes"]) ?? {}).map(follow);
  const forms = schemes.flatMap((scheme) => {
    if (scheme?.["type"] === "oauth2" || scheme?.["type"] === "openIdConnect") return ["bearer"];
    if (scheme?.["type"] === "apiKey") return scheme["in"] === "header" ? ["header"] : [];
    return ["basic", "bearer"].filter((form) => form === String(scheme?.["scheme"]).toLowerCase());
  });
  return forms.length === 0 ? ["bearer"] : [...new Set(forms)];
}

const environmentOf = (name: string): Plain => {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return { base_url: [`${prefix}_BASE_URL`], credential: [`${prefix}_TOKEN`], constants: {} };
};

function residualOf(counts: Readonly<Record<string, number>>, operations: number, title: string): Plain {
  const could = [
    `call any of the ${operations} operations of ${title} that its owner may call`,
    ...Object.entries(counts).map(([risk, count]) => `reach ${count} operations marked ${risk}`),
  ];
  return { could, narrower: [`not looked up yet: find out which narrower credentials ${title} has`] };
}
