import { type PathTemplate, readTemplate } from "./template.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";

/** Why a connector file is not accepted, with the path of the member. */
export class ConnectorMistake extends Error {}

/** Ends the reading of a connector file. */
export const mistake = (path: string, what: string): never => {
  throw new ConnectorMistake(`\`${path}\`: ${what}`);
};

/** An object with only these members; those without `?` must be there. */
export function members(json: Json | undefined, path: string, allowed: readonly string[]): JsonObject {
  if (!isJsonObject(json)) return mistake(path, "is an object");
  const names = allowed.map((name) => name.replace("?", ""));
  const odd = Object.keys(json).find((name) => !names.includes(name));
  if (odd !== undefined) mistake(`${path}.${odd}`, "is not known here");
  const missing = allowed.find((name) => !name.endsWith("?") && json[name] === undefined);
  return missing === undefined ? json : mistake(`${path}.${missing}`, "is missing");
}

/** Every member of an object, mapped. */
export function entries<T>(
  json: Json | undefined,
  path: string,
  map: (value: Json, path: string, name: string) => T,
): Readonly<Record<string, T>> {
  if (!isJsonObject(json)) return mistake(path, "is an object");
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, map(value, `${path}.${name}`, name)]));
}

export const text = (json: Json | undefined, path: string): string =>
  typeof json === "string" && json !== "" && json.length <= 1_024 ? json : mistake(path, "is a text");

export const whole = (json: Json | undefined, path: string): number =>
  typeof json === "number" && Number.isSafeInteger(json) && json >= 0 ? json : mistake(path, "is a whole number");

export const list = <T>(json: Json | undefined, path: string, map: (value: Json, path: string) => T): readonly T[] =>
  Array.isArray(json)
    ? (json as readonly Json[]).map((item, index) => map(item, `${path}[${index}]`))
    : mistake(path, "is a list");

export function oneOf<const T extends string>(json: Json | undefined, path: string, values: readonly T[]): T {
  return values.find((value) => value === json) ?? mistake(path, `is one of ${values.join(", ")}`);
}

/** A JSON pointer (RFC 6901), or the empty one where that is allowed. */
export function pointer(json: Json | undefined, path: string, empty: boolean = false): string {
  if (json === "" && empty) return "";
  return typeof json === "string" && /^(?:\/[^/~\s]+)+$/.test(json)
    ? json
    : mistake(path, "is a JSON pointer such as /fields/summary");
}

/** A path template of plain segments and named places. */
export const template = (json: Json | undefined, path: string): PathTemplate =>
  readTemplate(text(json, path)) ??
  mistake(path, "is a path of plain segments and places such as `{record}`, `{number}.json`, `{name%2f}` or `{path*}`");

/** A pattern without groups, alternation of stars, or anything else that takes more than linear time. */
export function pattern(json: Json | undefined, path: string): string {
  const source = text(json, path);
  if (
    !/^(?:\[[^\]\\]+\]|[A-Za-z0-9_:@ -]|\\[.\-/])(?:(?:\{\d{1,3}(?:,\d{1,3})?\})?(?:\[[^\]\\]+\]|[A-Za-z0-9_:@ -]|\\[.\-/]))*(?:\{\d{1,3}(?:,\d{1,3})?\})?$/.test(
      source,
    )
  ) {
    return mistake(path, "is made of literal characters, classes and counted repeats only");
  }
  // each repeat of no fixed count multiplies the ways in which a text can be tried
  const ways = [...source.matchAll(/\{(\d+),(\d+)\}/g)].map(([, least, most]) => Number(most) - Number(least) + 1);
  if (ways.reduce((product, count) => product * count, 1) > 1_000)
    mistake(path, "has too many repeats of no fixed count");
  new RegExp(`^(?:${source})$`, "u");
  return source;
}
