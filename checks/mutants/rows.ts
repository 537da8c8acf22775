import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConnector, type Json, parseMustList, readJson, runMustList } from "@remit/core";
import { callPrimitives, sha256 } from "@remit/sdk";
import { BARE_PRIMITIVES } from "@remit/core";
import { parse } from "yaml";
import { ROOT } from "../lib/files.ts";

// Runs every row of the must lists with one mutant switched on, as often as it is asked to. A child of `run.ts`.

const folder = join(ROOT, "connectors");
const LIMITS = { bytes: 16_777_216, depth: 64, nodes: 1_000_000, keys: 16_384, string: 8_388_608 };
const primitives = { ...BARE_PRIMITIVES, ...callPrimitives };

/** Read while no mutant is on. */
function plain(file: string): Json {
  const read = readJson(JSON.stringify(parse(readFileSync(join(folder, file), "utf8"))), LIMITS);
  if (!read.ok) throw new Error(`\`${file}\` is not plain`);
  return read.value;
}

globalThis.mutant = -1;
const connectors = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml") && existsSync(join(folder, file.replace(".yaml", ".must-deny.yaml"))))
  .map((file) => file.slice(0, -".yaml".length))
  .map((name) => ({
    ...{ name, spec: plain(`${name}.yaml`) },
    lists: (["deny", "allow"] as const).map((kind) => ({ kind, rows: plain(`${name}.must-${kind}.yaml`) })),
  }));

/** The first row that comes to something else than it says. */
async function firstRed(): Promise<string | undefined> {
  for (const { name, spec, lists } of connectors) {
    // anew each time: what is kept for a connector is kept with it
    const connector = parseConnector(spec, sha256);
    if (!connector.ok) return `${name} is not read: ${connector.error}`;
    for (const { kind, rows } of lists) {
      const list = parseMustList(rows, connector.value, kind);
      if (!list.ok) return `${name}.must-${kind} is not read: ${list.error}`;
      for await (const { row, passed } of runMustList(connector.value, list.value, primitives))
        if (!passed) return `${name}.must-${kind} ${row}: ${list.value.rows[row]?.request.method ?? ""}`;
    }
  }
  return undefined;
}

process.on("message", (mutant: number) => {
  globalThis.mutant = mutant;
  void firstRed()
    .catch((error: unknown) => `a row throws: ${String(error)}`)
    .then((red) => {
      globalThis.mutant = -1;
      process.send?.(red ?? "");
    });
});
process.send?.("ready");
