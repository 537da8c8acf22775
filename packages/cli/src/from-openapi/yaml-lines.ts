/** Plain data that is written as YAML. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [name: string]: Plain };

const WIDTH = 110;
const BARE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SPECIAL = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** Writes the members of an object as lines of YAML; short values stand in one line. Every line is indented by `indent`. */
export function yamlLines(value: Readonly<Record<string, Plain>>, indent: number): readonly string[] {
  const space = " ".repeat(indent);
  return Object.entries(value).flatMap(([name, inner]) => {
    const short = `${space}${scalar(name)}: ${flow(inner)}`;
    if (short.length <= WIDTH || !isRecord(inner) || Object.keys(inner).length === 0) return [short];
    return [`${space}${scalar(name)}:`, ...yamlLines(inner, indent + 2)];
  });
}

function flow(value: Plain): string {
  if (isRecord(value)) {
    const members = Object.entries(value).map(([name, inner]) => `${scalar(name)}: ${flow(inner)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return typeof value === "object" ? `[${value.map(flow).join(", ")}]` : scalar(value);
}

/** A text that could be read as anything else is quoted; JSON's quotes are YAML's double ones. */
function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  return BARE.test(value) && !SPECIAL.test(value) ? value : JSON.stringify(value);
}

const isRecord = (value: Plain): value is Readonly<Record<string, Plain>> =>
  typeof value === "object" && !Array.isArray(value);
