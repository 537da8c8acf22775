import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { actionsOf, type Connector } from "@remit/core";
import { parse } from "yaml";
import { CommandError } from "../exit.ts";

/** What policies give of one record type, beside what the connector can say. */
export interface TypeUse {
  readonly type: string;
  readonly title: string;
  readonly policies: readonly string[];
  readonly actions: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** How many there are of each in the connector. */
  readonly of: { readonly actions: number; readonly read: number; readonly write: number };
}

interface Given {
  readonly policy: string;
  readonly type: string;
  readonly actions: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** What the policies of a configuration folder give of a connector's record types; types that nobody gets are left out. */
export function usesIn(config: string, connector: Connector): readonly TypeUse[] {
  const resources = new Set(
    filesOf(config, "resources")
      .filter((resource) => resource["connector"] === connector.name)
      .map((resource) => String(resource["resource"])),
  );
  const given = filesOf(config, "policies").flatMap((policy) => givenBy(policy, resources));
  return Object.values(connector.types).flatMap((type) => {
    const entries = given.filter((entry) => entry.type === type.name);
    const all = (of: (entry: Given) => readonly string[]): readonly string[] =>
      [...new Set(entries.flatMap(of))].sort();
    if (entries.length === 0) return [];
    const fields = Object.values(type.fields);
    return [
      {
        ...{ type: type.name, title: type.title, policies: all(({ policy }) => [policy]) },
        ...{ actions: all(({ actions }) => actions), read: all(({ read }) => read), write: all(({ write }) => write) },
        of: {
          actions: actionsOf(type).length,
          read: fields.filter(({ read }) => read !== undefined).length,
          write: fields.filter(({ write }) => write !== undefined).length,
        },
      },
    ];
  });
}

type Loose = Readonly<Record<string, unknown>>;

const loose = (value: unknown): Loose => (typeof value === "object" && value !== null ? { ...value } : {});

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

function givenBy(policy: Loose, resources: ReadonlySet<string>): readonly Given[] {
  const may: readonly unknown[] = Array.isArray(policy["may"]) ? policy["may"] : [];
  return may.map(loose).flatMap((entry) => {
    const [resource = "", type = ""] = String(entry["type"]).split(".");
    if (!resources.has(resource)) return [];
    const fields = loose(entry["fields"]);
    return [
      {
        ...{ policy: String(policy["policy"]), type, actions: texts(entry["actions"]) },
        ...{ read: texts(fields["read"]), write: texts(fields["write"]) },
      },
    ];
  });
}

function filesOf(config: string, kind: string): readonly Loose[] {
  const folder = join(config, kind);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.sort().map((file) => {
    try {
      return loose(parse(readFileSync(join(folder, file), "utf8"), { maxAliasCount: 0 }));
    } catch (error) {
      throw new CommandError("error", `\`${join(kind, file)}\` is not YAML`, {
        cause: error,
        fix: "`remit check` says where the mistake is",
      });
    }
  });
}
