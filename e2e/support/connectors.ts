import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject, parseConnector, readJson } from "@remit/core";
import { parseDocument } from "yaml";

const SHIPPED = join(import.meta.dirname, "../../connectors");

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/** YAML as plain data, read as strictly as a gateway reads it. */
export function plainData(yaml: string): JsonObject {
  const document = parseDocument(yaml, { uniqueKeys: true, version: "1.2" });
  const json = readJson(JSON.stringify(document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })));
  if (!json.ok || !isJsonObject(json.value)) throw new Error(document.errors[0]?.message ?? "not plain data");
  return json.value;
}

/** The shipped connectors as plain data, by file. */
export const shippedConnectors = (): ReadonlyMap<string, JsonObject> =>
  new Map(
    readdirSync(SHIPPED)
      .filter((file) => file.endsWith(".yaml") && !file.includes(".must-"))
      .map((file) => [file, plainData(readFileSync(join(SHIPPED, file), "utf8"))]),
  );

/** Why core does not take it; undefined if it does. */
export function mistakeIn(connector: Json): string | undefined {
  const read = parseConnector(connector, sha256);
  return read.ok ? undefined : read.error;
}

/** The blocks of a page that belong to one file, put together in their order. */
export function blocksOf(page: string, file: string): string {
  const text = readFileSync(join(import.meta.dirname, "../..", page), "utf8");
  const blocks = [...text.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm)].filter(([, mark]) => mark?.split(" ")[1] === file);
  if (blocks.length === 0) throw new Error(`${page} has no block for ${file}`);
  return blocks.map(([, , block]) => block).join("");
}
