import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, type Json, type JsonLimits, parseConnector, readJson } from "@remit/core";
import { sha256 } from "@remit/sdk";
import { parseDocument } from "yaml";
import { CommandError } from "../exit.ts";

/** The connectors that come with Remit, with their must lists. */
export const SHIPPED = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../../connectors/" : "../connectors/", import.meta.url),
);

/** A connector with its must lists is longer than any request may be. */
const LIMITS: JsonLimits = { bytes: 16_777_216, depth: 64, nodes: 1_000_000, keys: 16_384, string: 8_388_608 };

/** Reads a YAML or JSON file as plain data: no alias, no tag, no key twice. */
export function readPlainFile(file: string): Json {
  const document = parseDocument(readText(file), { uniqueKeys: true, version: "1.2" });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) throw notPlain(file, fault.message.split("\n")[0] ?? "");
  let plain: string | undefined;
  try {
    plain = JSON.stringify(document.toJS({ maxAliasCount: 0 }));
  } catch (error) {
    throw notPlain(file, error instanceof Error ? error.message : "an alias");
  }
  const json = readJson(plain ?? "", LIMITS);
  if (!json.ok) throw notPlain(file, json.error.reason);
  return json.value;
}

const notPlain = (file: string, detail: string): CommandError =>
  new CommandError("error", `\`${file}\` is not plain YAML or JSON: ${detail}`, { fix: "mend the file" });

/** Reads a text file that the user named. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError("error", `\`${file}\` cannot be read`, { cause: error, fix: "name a file that is there" });
  }
}

/** Reads one connector file, and throws its mistake with its path. */
export function loadConnector(file: string): Connector {
  const connector = parseConnector(readPlainFile(file), sha256);
  if (!connector.ok)
    throw new CommandError("error", `\`${file}\` is not a connector: ${connector.error}`, {
      fix: "mend what is named; docs/connectors.md says what a connector is made of",
    });
  return connector.value;
}

/** The connector files of a folder, sorted, without their must lists. */
export function connectorFiles(folder: string): readonly string[] {
  if (!existsSync(folder))
    throw new CommandError("error", `\`${folder}\` is not a folder`, { fix: "name a folder that holds connectors" });
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml") && !file.includes(".must-"))
    .sort()
    .map((file) => join(folder, file));
}

/** The file of a connector by name: in one of these folders, or shipped. */
export function connectorFile(name: string, folders: readonly string[]): string {
  const files = [...folders.filter((folder) => existsSync(folder)), SHIPPED].flatMap(connectorFiles);
  const file = files.find((one) => basename(one) === `${name}.yaml`);
  if (file === undefined)
    throw new CommandError("error", `there is no connector \`${name}\``, {
      fix: `known are ${files.map((one) => basename(one, ".yaml")).join(", ")}; --connectors names a folder of your own`,
    });
  return file;
}
