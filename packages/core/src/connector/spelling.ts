/** One part of a record's name, such as the number of an issue. */
export interface Part {
  /** Patterns of one path segment of it, of which one must match all of it. */
  readonly patterns: readonly string[];
  /** Most path segments that it may span; 1 where it holds no `/` but by its own pattern. */
  readonly segments: number;
  /** First segments that no such part has. */
  readonly never: readonly string[];
}

/** How records are called: a text made of parts, as in `{owner}/{repo}#{number}`. */
export interface Spelling {
  readonly text: string;
  readonly parts: Readonly<Record<string, Part>>;
}

/** Values of parts by name. */
export type Parts = Readonly<Record<string, string>>;

/** Literal texts and the names between them, in turn: a literal first, a literal last. */
export const pieces = (text: string): readonly string[] => text.split(/\{([a-z_]+)\}/);

const expressions = new WeakMap<Spelling, RegExp>();

/** The parts of a text that is spelled so; undefined for every other text. */
export function readSpelled(spelling: Spelling, text: string): Parts | undefined {
  const expression = expressions.get(spelling) ?? expressionOf(spelling);
  expressions.set(spelling, expression);
  const found = expression.exec(text)?.groups;
  if (found === undefined) return undefined;
  const parts: Record<string, string> = {};
  for (const [name, part] of Object.entries(spelling.parts)) {
    const value = found[name];
    if (value === undefined || isNever(part, value)) return undefined;
    parts[name] = value;
  }
  return parts;
}

/** Whether a text is spelled so. */
export const isSpelled = (spelling: Spelling | undefined, text: string): boolean =>
  spelling !== undefined && readSpelled(spelling, text) !== undefined;

/** The text that these parts make; undefined where one is missing. */
export function printSpelled(text: string, parts: Parts): string | undefined {
  let printed = "";
  for (const [index, piece] of pieces(text).entries()) {
    const value = index % 2 === 0 ? piece : parts[piece];
    if (value === undefined) return undefined;
    printed += value;
  }
  return printed;
}

/** The names of the parts in a text. */
export const partNames = (text: string): readonly string[] => pieces(text).filter((_, index) => index % 2 === 1);

function isNever({ never }: Part, value: string): boolean {
  const segments = value.split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) return true;
  // letters of another case are the same name to some servers
  return never.some((name) => name.toLowerCase() === segments[0]?.toLowerCase());
}

function expressionOf({ text, parts }: Spelling): RegExp {
  const source = pieces(text).map((piece, index) => {
    if (index % 2 === 0) return piece.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
    const part = parts[piece];
    return part === undefined ? "" : `(?<${piece}>${partSource(part)})`;
  });
  return new RegExp(`^${source.join("")}$`, "u");
}

/** One segment, and up to as many more as the part may have. */
export function partSource({ patterns, segments }: Part): string {
  const one =
    patterns.length === 1 ? `(?:${patterns[0] ?? ""})` : `(?:${patterns.map((each) => `(?:${each})`).join("|")})`;
  return segments === 1 ? one : `${one}(?:/${one}){0,${segments - 1}}`;
}
