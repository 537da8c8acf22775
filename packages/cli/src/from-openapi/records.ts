import { type Description } from "./description.ts";
import type { Described, Segment } from "./operations.ts";
import { snake } from "./plain-text.ts";
import { membersOf } from "./shapes.ts";

/** A guess: what is read at a path that ends in a parameter is a record, named by the parameters of the path. */
export interface RecordGuess {
  /** Name of the type, alone among all. */
  readonly name: string;
  readonly segments: readonly Segment[];
  readonly parts: readonly Part[];
  readonly read: Described;
  /** Operations below the record's path, the read among them. */
  readonly operations: readonly Described[];
}

/** A parameter of a record's path, under a name that the language takes. */
export interface Part {
  readonly name: string;
  readonly schema: unknown;
}

export interface Families {
  readonly records: readonly RecordGuess[];
  /** Operations of which no record's path is the beginning, by their first words. */
  readonly others: readonly { readonly family: string; readonly operations: readonly Described[] }[];
}

/** Sorts operations under the records that their paths begin with. */
export function familiesOf(description: Description, operations: readonly Described[]): Families {
  const reads = new Map<string, Described>();
  for (const operation of operations)
    if (isRecordRead(description, operation)) reads.set(keyOf(operation.segments), operation);
  const below = Map.groupBy(operations, ({ segments }) => recordAbove(segments, reads));
  const names = new Set<string>();
  const records = [...reads].map(([key, read]): RecordGuess => {
    const name = nameFor(read.segments, names);
    names.add(name);
    return { name, segments: read.segments, parts: partsOf(read.segments), read, operations: below.get(key) ?? [] };
  });
  const rest = Map.groupBy(below.get("") ?? [], ({ path }) => `/${path.split("/")[1] ?? ""}`);
  return { records, others: [...rest].map(([family, inside]) => ({ family, operations: inside })) };
}

function isRecordRead(description: Description, { method, segments, answer }: Described): boolean {
  const last = segments.at(-1);
  return (
    method === "GET" &&
    last?.kind === "parameter" &&
    segments.every(({ kind }) => kind !== "odd") &&
    answer.content === "json" &&
    membersOf(description, answer.schema) !== undefined
  );
}

/** Paths are the same whatever their parameters are called. */
const keyOf = (segments: readonly Segment[]): string =>
  segments.map((segment) => (segment.kind === "parameter" ? "{}" : segment.text)).join("/");

function recordAbove(segments: readonly Segment[], reads: ReadonlyMap<string, unknown>): string {
  for (let length = segments.length; length > 0; length -= 1) {
    const key = keyOf(segments.slice(0, length));
    if (reads.has(key)) return key;
  }
  return "";
}

/** The parameters of a path by names that are theirs alone: small letters and underscores, and none is `record`. */
export function partsOf(segments: readonly Segment[]): readonly Part[] {
  const names = new Set(["record"]);
  return segments.flatMap((segment) => {
    if (segment.kind !== "parameter") return [];
    let name = snake(segment.name).replace(/[^a-z_]/g, "") || "part";
    while (names.has(name)) name += "_again";
    names.add(name);
    return [{ name, schema: segment.schema }];
  });
}

/** `issue` for `/repos/{owner}/{repo}/issues/{issue_number}`; with the words before it where that is taken. */
function nameFor(segments: readonly Segment[], taken: ReadonlySet<string>): string {
  const words = segments
    .flatMap((segment) => (segment.kind === "literal" ? [snake(segment.text)] : []))
    .filter(Boolean);
  for (let count = 1; count <= words.length; count += 1) {
    const name = words.slice(-count).map(singular).join("_").slice(0, 40);
    if (!taken.has(name)) return name;
  }
  return alone(words.map(singular).join("_").slice(0, 40) || "record", taken);
}

const singular = (word: string): string =>
  /(?:ss|us|is)$/.test(word)
    ? word
    : word
        .replace(/(?<=[^e])ies$/, "ys")
        .replace(/yses$/, "ysiss")
        .replace(/(?<=ss|us|x|ch|sh)es$|s$/, "");

/** The name, or with the first number that makes it one of its own. */
export function alone(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
