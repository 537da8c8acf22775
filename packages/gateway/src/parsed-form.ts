import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isJsonObject, type Json, JSON_LIMITS, type JsonLimits, readJson } from "@remit/core";

/** A connector is longer than any request may be. */
export const CONNECTOR_LIMITS: JsonLimits = { ...JSON_LIMITS, bytes: 8_388_608, nodes: 200_000 };

/**
 * The data of a connector's text, from the file that was made of it beforehand; undefined where there is none, or it was
 * made of another text. Reading YAML would take most of a start.
 */
export function readParsedForm(file: string, text: string): Json | undefined {
  if (!existsSync(file)) return undefined;
  const json = readJson(readFileSync(file), CONNECTOR_LIMITS);
  if (!json.ok || !isJsonObject(json.value)) return undefined;
  const { yaml_sha256, connector } = json.value;
  return yaml_sha256 === createHash("sha256").update(text).digest("hex") ? connector : undefined;
}
