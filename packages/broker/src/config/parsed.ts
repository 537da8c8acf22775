import { type ConnectorLookup, type Json, parseHeld, readJson } from "@remit/core";

/** A file that fits its schema. */
export interface ParsedFile<T> {
  readonly path: string;
  readonly name: string;
  readonly value: T;
}

/** Data that came out of YAML, read as strictly as a request; undefined if it is not plain. */
export function asJson(value: unknown): Json | undefined {
  const json = readJson(JSON.stringify(value) ?? "");
  return json.ok ? json.value : undefined;
}

/** Reads the held entries of a policy or ceiling. */
export function readHeld(may: readonly unknown[], lookup: ConnectorLookup): ReturnType<typeof parseHeld> {
  const json = asJson(may);
  return parseHeld(json ?? null, lookup);
}
