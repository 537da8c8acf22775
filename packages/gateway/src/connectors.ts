import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, type Json, parseConnector, readJson } from "@remit/core";
import { sha256 } from "@remit/sdk";
import { parseDocument } from "yaml";
import { CONNECTOR_LIMITS, readParsedForm } from "./parsed-form.ts";

const SHIPPED = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../connectors/" : "./connectors/", import.meta.url),
);

/** The connectors of a gateway, by name. */
export interface Connectors {
  get(name: string): Connector | undefined;
  keys(): readonly string[];
}

/**
 * The connectors of a folder, and the shipped ones, each of which is read when it is first asked for. A mistake in one of
 * the folder stops the start, because silence would hide it.
 */
export function readConnectors(own: string | undefined): Connectors {
  const shipped = filesOf(SHIPPED).map((file) => file.replace(/\.yaml$/, ""));
  const read = new Map<string, Connector>();
  for (const file of own === undefined ? [] : filesOf(own)) {
    const connector = readConnector(join(own ?? "", file));
    read.set(connector.name, connector);
  }
  return {
    keys: () => [...new Set([...shipped, ...read.keys()])].toSorted(),
    get(name) {
      const known = read.get(name);
      if (known !== undefined || !shipped.includes(name)) return known;
      const connector = readConnector(join(SHIPPED, `${name}.yaml`), join(SHIPPED, "parsed", `${name}.json`));
      read.set(name, connector);
      return connector;
    },
  };
}

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .filter((file) => file.endsWith(".yaml") && !file.includes(".must-"));

function readConnector(file: string, parsed?: string): Connector {
  const text = readFileSync(file, "utf8");
  const json = (parsed === undefined ? undefined : readParsedForm(parsed, text)) ?? readYaml(text);
  const connector = json === undefined ? undefined : parseConnector(json, sha256);
  if (connector?.ok !== true)
    throw new Error(`\`${file}\` is not a connector: ${connector?.ok === false ? connector.error : "not plain YAML"}`);
  return connector.value;
}

function readYaml(text: string): Json | undefined {
  const document = parseDocument(text, { uniqueKeys: true, version: "1.2" });
  const plain = document.errors.length > 0 ? undefined : JSON.stringify(document.toJS({ maxAliasCount: 0 }));
  const json = readJson(plain ?? "", CONNECTOR_LIMITS);
  return json.ok ? json.value : undefined;
}
