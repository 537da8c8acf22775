import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, parseConnector, readJson } from "@remit/core";
import { sha256 } from "@remit/sdk";
import { parseDocument } from "yaml";

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
      const connector = readConnector(join(SHIPPED, `${name}.yaml`));
      read.set(name, connector);
      return connector;
    },
  };
}

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .filter((file) => file.endsWith(".yaml") && !file.includes(".must-"));

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
