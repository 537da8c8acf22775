import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, parseConnector, readJson } from "@remit/core";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { CommandError } from "../exit.ts";

const SHIPPED = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../../connectors/" : "../connectors/", import.meta.url),
);

/** A connector that was read from a file, and where in it a member stands. */
export interface ConnectorFile {
  readonly file: string;
  readonly connector: Connector;
  /** Line of a member, by its names from the outside in; of the nearest one around it that is in the file. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** Finds a connector by file, or by name: one of the configuration folder before a shipped one. */
export function readConnectorFile(fileOrName: string, config: string): ConnectorFile {
  const name = /^[a-z][a-z0-9-]{0,31}$/.test(fileOrName);
  const files = name
    ? [join(resolve(config), "connectors", `${fileOrName}.yaml`), join(SHIPPED, `${fileOrName}.yaml`)]
    : [resolve(fileOrName)];
  const file = files.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
  if (file === undefined)
    throw new CommandError("error", `\`${fileOrName}\` is ${name ? "no connector" : "no file"}`, {
      fix: name
        ? `shipped are ${shippedNames().join(", ")}; name a file for one of your own`
        : "name a connector's file",
    });
  return readFile(file);
}

const shippedNames = (): readonly string[] =>
  readdirSync(SHIPPED)
    .filter((file) => file.endsWith(".yaml") && !file.includes(".must-"))
    .map((file) => file.replace(/\.yaml$/, ""));

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

function readFile(file: string): ConnectorFile {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { uniqueKeys: true, version: "1.2", lineCounter: lines });
  const [fault] = document.errors;
  if (fault !== undefined) throw notOne(file, fault.message);
  const json = readJson(JSON.stringify(document.toJS({ maxAliasCount: 0 })) ?? "");
  const connector = json.ok ? parseConnector(json.value, sha256) : undefined;
  if (connector === undefined) throw notOne(file, "is not plain data");
  if (!connector.ok) throw notOne(file, connector.error);
  return { file, connector: connector.value, lineOf: (path) => lineIn(document, lines, path) };
}

const notOne = (file: string, why: string): CommandError =>
  new CommandError("error", `\`${file}\` is not a connector: ${why}`, {
    fix: "docs/connectors.md says what each member means",
  });

function lineIn(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
