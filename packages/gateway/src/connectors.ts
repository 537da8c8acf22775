import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, parseConnector, readJson } from "@remit/core";
import { sha256 } from "@remit/sdk";
import { parseDocument } from "yaml";

const SHIPPED = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../connectors/" : "./connectors/", import.meta.url),
);

/** Reads the shipped connectors and those of a folder. A mistake in one stops the start, because silence would hide it. */
export function readConnectors(own: string | undefined): ReadonlyMap<string, Connector> {
  const connectors = new Map<string, Connector>();
  for (const folder of [SHIPPED, ...(own === undefined ? [] : [own])]) {
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(".yaml") || file.includes(".must-")) continue;
      const connector = readConnector(join(folder, file));
      connectors.set(connector.name, connector);
    }
  }
  return connectors;
}

function readConnector(file: string): Connector {
  const document = parseDocument(readFileSync(file, "utf8"), { uniqueKeys: true, version: "1.2" });
  const json = readJson(
    JSON.stringify(document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })) ?? "",
  );
  const connector = json.ok ? parseConnector(json.value, sha256) : undefined;
  if (connector?.ok !== true)
    throw new Error(`\`${file}\` is not a connector: ${connector?.ok === false ? connector.error : "not plain YAML"}`);
  return connector.value;
}
