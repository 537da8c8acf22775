import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  type Connector,
  type MustKind,
  type MustList,
  openDoors,
  parseMustList,
  type RowOutcome,
  runMustList,
} from "@remit/core";
import { PRIMITIVES } from "./primitives.ts";
import { loadConnector, readPlainFile } from "./load.ts";

/** What a connector's lists came to. */
export interface Tested {
  readonly connector: string;
  readonly rows: { readonly allow: number; readonly deny: number };
  /** Rows that came to something else than they say. */
  readonly failed: readonly (RowOutcome & { readonly list: string })[];
  /** What is wrong with the connector or its lists as a whole. */
  readonly faults: readonly string[];
}

/** Runs the must lists beside a connector file. `row` is told how many rows are done. */
export async function testConnector(file: string, row: (done: number, all: number) => void): Promise<Tested> {
  const name = basename(file, ".yaml");
  const connector = loadConnector(file);
  const faults: string[] = [];
  if (connector.name !== name) faults.push(`\`${basename(file)}\` holds the connector \`${connector.name}\``);
  const lists = (["allow", "deny"] as const).map((kind) => ({ kind, ...readList(file, connector, kind) }));
  faults.push(...lists.flatMap(({ fault }) => fault ?? []));
  const all = lists.reduce((sum, { list }) => sum + (list?.rows.length ?? 0), 0);
  const failed: (RowOutcome & { list: string })[] = [];
  let done = 0;
  for (const { list, path } of lists) {
    if (list === undefined) continue;
    for await (const outcome of runMustList(connector, list, PRIMITIVES)) {
      if (!outcome.passed) failed.push({ list: basename(path), ...outcome });
      row(++done, all);
    }
  }
  const count = (kind: MustKind): number => lists.find((one) => one.kind === kind)?.list?.rows.length ?? 0;
  const deny = lists.find(({ kind }) => kind === "deny")?.list;
  const open = deny === undefined ? [] : openDoors(connector, deny);
  faults.push(...open.map((door) => `no must-deny row is for the side door \`${door}\``));
  return { connector: name, rows: { allow: count("allow"), deny: count("deny") }, failed, faults };
}

function readList(
  file: string,
  connector: Connector,
  kind: MustKind,
): { readonly path: string; readonly list?: MustList; readonly fault?: string } {
  const path = join(dirname(file), `${basename(file, ".yaml")}.must-${kind}.yaml`);
  if (!existsSync(path)) return { path, fault: `there is no \`${basename(path)}\`` };
  const list = parseMustList(readPlainFile(path), connector, kind);
  return list.ok ? { path, list: list.value } : { path, fault: `\`${basename(path)}\`: ${list.error}` };
}
