import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connector, err, ok, parseConnector, type Result } from "@remit/core";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { readGuardrails } from "../policy/guardrails/read.ts";
import { vocabularyOf } from "../policy/guardrails/vocabulary.ts";
import { sha256 } from "../store/frontier.ts";
import { type ConfigFault, createFaults, type Faults } from "./faults.ts";
import { assemble, type Parsed } from "./assemble.ts";
import { asJson, type ParsedFile } from "./parsed.ts";
import { readParsedForm } from "./parsed-form.ts";
import type { Config } from "./model.ts";
import {
  ceilingSchema,
  clientSchema,
  issuerSchema,
  pointSchema,
  policySchema,
  resourceSchema,
  settingsSchema,
} from "./schemas.ts";
import { type ConfigFiles, FOLDERS } from "./files.ts";

/** Reads a configuration folder. One mistake anywhere, and nothing of it counts. */
export async function readConfigFolder(folder: string): Promise<Result<Config, readonly ConfigFault[]>> {
  if (!existsSync(join(folder, "remit.yaml"))) {
    return err([
      {
        file: "remit.yaml",
        line: undefined,
        key: "",
        message: `is missing in \`${folder}\`; \`remit init\` writes a first folder`,
      },
    ]);
  }
  return readConfigFiles(collect(folder));
}

function collect(folder: string): ConfigFiles {
  const files = [{ path: "remit.yaml", text: readFileSync(join(folder, "remit.yaml"), "utf8") }];
  for (const { name, ending } of FOLDERS) {
    const inside = join(folder, name);
    if (!existsSync(inside)) continue;
    for (const file of readdirSync(inside).sort()) {
      if (file.endsWith(ending))
        files.push({ path: `${name}/${file}`, text: readFileSync(join(inside, file), "utf8") });
    }
  }
  return files;
}

/** Reads the files of a folder, as they were kept when it was applied. */
export async function readConfigFiles(files: ConfigFiles): Promise<Result<Config, readonly ConfigFault[]>> {
  const faults = createFaults();
  const pick = (name: string): ConfigFiles => files.filter(({ path }) => path.startsWith(`${name}/`));
  const settings = files.find(({ path }) => path === "remit.yaml");
  const resources = all(pick("resources"), resourceSchema, faults);
  const parsed: Parsed = {
    settings: settings === undefined ? undefined : parse(settings, settingsSchema, faults),
    issuers: all(pick("issuers"), issuerSchema, faults),
    clients: all(pick("clients"), clientSchema, faults),
    resources,
    points: all(pick("points"), pointSchema, faults),
    policies: all(pick("policies"), policySchema, faults),
    ceilings: all(pick("ceilings"), ceilingSchema, faults),
    connectors: readConnectors(
      pick("connectors"),
      resources.map(({ value }) => value.connector),
      faults,
    ),
    shipped: shippedConnectors(),
  };
  const digest = hash("sha256", JSON.stringify(files), "base64url");
  const assembled = assemble(parsed, files, digest, faults);
  if (assembled === undefined) return err(faults.all);
  const guardrails = await readGuardrails(pick("guardrails"), vocabularyOf(assembled), faults);
  return faults.all.length > 0 ? err(faults.all) : ok({ ...assembled, guardrails });
}

function all<S extends z.ZodType>(files: ConfigFiles, schema: S, faults: Faults): readonly ParsedFile<z.output<S>>[] {
  return files.flatMap((file) => {
    const value = parse(file, schema, faults);
    return value === undefined ? [] : [{ path: file.path, name: basename(file.path, ".yaml"), value }];
  });
}

/** YAML 1.2 without duplicate keys, then the closed schema; each fault with its line. */
function parse<S extends z.ZodType>(file: ConfigFiles[number], schema: S, faults: Faults): z.output<S> | undefined {
  const lines = new LineCounter();
  const document = parseDocument(file.text, {
    lineCounter: lines,
    uniqueKeys: true,
    version: "1.2",
  });
  faults.locate(file.path, (path) => lineOf(document, path, lines));
  for (const error of document.errors)
    faults.add(file.path, "", error.message.split("\n")[0] ?? "is not YAML", lines.linePos(error.pos[0]).line);
  if (document.errors.length > 0) return undefined;
  const data = plainData(document);
  if (data === undefined)
    faults.add(file.path, "", "has an alias; write the value out, so that each line says what it means");
  if (data === undefined) return undefined;
  const read = schema.safeParse(data);
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    for (const key of keys) {
      const path = [...issue.path, ...(key === undefined ? [] : [key])];
      faults.add(
        file.path,
        path.map(String).join("."),
        key === undefined ? reasonOf(issue) : "is not known here",
        lineOf(document, path, lines),
      );
    }
  }
  return undefined;
}

/** What the schema found, in words of people who edit files: they have never heard of `undefined`. */
function reasonOf({ code, message }: z.core.$ZodIssue): string {
  return code === "invalid_type" && message.endsWith("received undefined") ? "is missing" : message;
}

/** The data of a document without aliases; undefined if it has any. */
function plainData(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    // the one thing that throws here is an alias, and the caller says so
    return undefined;
  }
}

function lineOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
  lines: LineCounter,
): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const items: unknown =
      typeof parent === "object" && parent !== null && "items" in parent ? parent.items : undefined;
    const pair = Array.isArray(items)
      ? items.find((item: { key?: { value?: unknown } }) => item.key?.value === path[length - 1])
      : undefined;
    const range: unknown = pair?.key?.range;
    if (Array.isArray(range) && typeof range[0] === "number") return lines.linePos(range[0]).line;
  }
  return undefined;
}

const SHIPPED = new URL(
  import.meta.url.endsWith(".ts") ? "../../../../connectors/" : "../connectors/",
  import.meta.url,
);

const isConnector = (file: string): boolean => file.endsWith(".yaml") && !file.includes(".must-");

/** The names of the connectors that come with this program; each has a file of that name. */
const shippedConnectors = (): readonly string[] =>
  readdirSync(SHIPPED)
    .filter(isConnector)
    .map((file) => file.replace(/\.yaml$/, ""));

/** The folder's own connectors, and of the shipped ones those that a resource uses: reading them all would take its time. */
function readConnectors(own: ConfigFiles, used: readonly string[], faults: Faults): ReadonlyMap<string, Connector> {
  const shipped = shippedConnectors()
    .filter((name) => used.includes(name))
    .map((name) => {
      const text = readFileSync(new URL(`${name}.yaml`, SHIPPED), "utf8");
      const json = readParsedForm(fileURLToPath(new URL(`parsed/${name}.json`, SHIPPED)), text);
      return { path: `connectors/${name}.yaml`, text, json };
    });
  const connectors = new Map<string, Connector>();
  const all = [
    ...shipped,
    ...own.filter(({ path }) => isConnector(path)).map((file) => ({ ...file, json: undefined })),
  ];
  for (const file of all) {
    const json = file.json ?? asJson(plainData(parseDocument(file.text, { uniqueKeys: true, version: "1.2" })));
    const connector = json === undefined ? err("is not plain data") : parseConnector(json, sha256);
    if (connector.ok) connectors.set(connector.value.name, connector.value);
    else faults.add(file.path, "", connector.error);
  }
  return connectors;
}
