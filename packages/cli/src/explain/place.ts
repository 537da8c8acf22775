import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type DecisionPrimitives,
  type Connector,
  isJsonObject,
  type Json,
  type JsonObject,
  placeOf,
} from "@remit/core";
import { PRIMITIVES } from "../connectors/primitives.ts";
import { connectorFile, loadConnector, readPlainFile } from "../connectors/load.ts";
import { CommandError } from "../exit.ts";

/** Where a request goes: a resource by its name, read by a connector. */
export interface Place {
  readonly connector: Connector;
  readonly resource: { readonly name: string; readonly location: string };
  readonly primitives: DecisionPrimitives;
  /** The record that `--on` names. */
  readonly record: { readonly type: string | undefined; readonly name: string } | undefined;
}

export interface PlaceFlags {
  /** `jira-acme`, `jira-acme:PROJ-42`, or `jira-acme.issue:PROJ-42`. */
  readonly on: string;
  readonly connector: string | undefined;
  readonly connectors: string | undefined;
  readonly config: string;
}

const ON = /^([a-z][a-z0-9-]{0,62})(?:\.([a-z][a-z0-9_]{0,62}))?(?::(.{1,1024}))?$/;

/** Finds the connector of a resource: the one that is named, or the one that the configuration folder says. */
export function findPlace({ on, connector, connectors, config }: PlaceFlags): Place {
  const [, name, type, record] = ON.exec(on) ?? [];
  if (name === undefined || (type !== undefined && record === undefined))
    throw new CommandError("usage", `\`${on}\` names no resource`, {
      fix: "write jira-acme, or jira-acme:PROJ-42 for one record of it",
    });
  const known = connector ?? connectorOf(config, name);
  if (known === undefined)
    throw new CommandError("error", `no file of \`${config}\` says how \`${name}\` is read`, {
      fix: "name the connector with --connector, or the configuration folder with --config",
    });
  const folders = [...(connectors === undefined ? [] : [connectors]), join(config, "connectors")];
  return {
    connector: loadConnector(connectorFile(known, folders)),
    resource: { name, location: placeOf(name) },
    primitives: PRIMITIVES,
    record: record === undefined ? undefined : { type, name: record },
  };
}

function connectorOf(config: string, resource: string): string | undefined {
  const file = findIn(config, "resources", (json) => json["resource"] === resource);
  const connector = file?.["connector"];
  return typeof connector === "string" ? connector : undefined;
}

/** The file in a part of the configuration folder that is the one. */
export function findIn(config: string, part: string, isIt: (json: JsonObject) => boolean): JsonObject | undefined {
  const folder = join(config, part);
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const read: readonly Json[] = files.sort().map((file) => readPlainFile(join(folder, file)));
  return read.filter(isJsonObject).find(isIt);
}
