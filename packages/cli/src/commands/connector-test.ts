import { statSync } from "node:fs";
import { resolve } from "node:path";
import { connectorFile, connectorFiles, SHIPPED } from "../connectors/load.ts";
import { testConnector, type Tested } from "../connectors/must-test.ts";
import { CommandError, EXIT } from "../exit.ts";
import type { Output } from "../output.ts";

/** After this long a person is told how far it is, and then as often. */
const QUIET_MS = 2_000;

/** Runs the must-allow and must-deny lists of connectors; without names, of the shipped ones. Returns the exit code. */
export async function connectorTest(
  named: readonly string[],
  own: string | undefined,
  output: Output,
): Promise<number> {
  const folders = own === undefined ? [] : [resolve(own)];
  const files = named.length === 0 ? connectorFiles(SHIPPED) : named.flatMap((name) => filesOf(name, folders));
  if (files.length === 0)
    throw new CommandError("error", "there is no connector to test", { fix: "name a folder that holds connectors" });
  const tested: Tested[] = [];
  let told = Date.now();
  for (const file of files) {
    const progress = (done: number, all: number): void => {
      if (Date.now() - told < QUIET_MS) return;
      told = Date.now();
      output.say(`${file}: ${done} of ${all} rows`);
    };
    tested.push(await testConnector(file, progress));
  }
  const ok = tested.every(({ failed, faults }) => failed.length + faults.length === 0);
  output.answer({ ok, ...(ok ? {} : { error: "error" }), connectors: tested }, tested.flatMap(textOf));
  return ok ? EXIT.ok : EXIT.error;
}

/** A folder, or the name of one connector. */
function filesOf(named: string, folders: readonly string[]): readonly string[] {
  const isFolder = statSync(named, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder || named.includes("/") ? connectorFiles(resolve(named)) : [connectorFile(named, folders)];
}

function textOf({ connector, rows, failed, faults }: Tested): readonly string[] {
  const bad = failed.length + faults.length;
  return [
    `${connector}: ${rows.allow} must-allow and ${rows.deny} must-deny rows, ${bad === 0 ? "all as they say" : `${bad} wrong`}`,
    ...faults.map((fault) => `  ${fault}`),
    ...failed.flatMap(({ list, row, request, expected, got }) => [
      `  ${list} row ${row + 1}: ${request}`,
      `    expected ${expected}`,
      `    got      ${got}`,
    ]),
  ];
}
