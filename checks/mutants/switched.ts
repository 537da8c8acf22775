import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { ROOT } from "../lib/files.ts";
import type { Mutant } from "./find.ts";

// Loaded before all else (`--import`): puts every mutant into the source as it is loaded, with a switch for each.

declare global {
  /** The number of the mutant that is switched on. */
  var mutant: number;
}

globalThis.mutant = Number(process.env["REMIT_MUTANT"] ?? "-1");
// our own file, written by `run.ts`
const mutants = JSON.parse(readFileSync(process.env["REMIT_MUTANTS"] ?? "", "utf8")) as readonly Mutant[];

/** Pieces of text by the position that they are put at; an outer check opens before an inner one, and closes after it. */
function withSwitches(source: string, here: readonly (readonly [number, Mutant])[]): string {
  const pieces = here.flatMap(([number, { from, end, to }]) => {
    const on = `globalThis.mutant === ${number} ?`;
    const [open, close] = to === "nothing" ? [`...(${on} [] : [`, "])"] : [`(${on} ${to} : (`, "))"];
    return [
      { at: from, order: -end, text: open },
      { at: end, order: -Infinity, text: close },
    ];
  });
  let done = 0;
  let text = "";
  for (const piece of pieces.toSorted((one, other) => one.at - other.at || one.order - other.order)) {
    text += source.slice(done, piece.at) + piece.text;
    done = piece.at;
  }
  return text + source.slice(done);
}

const byUrl = Map.groupBy(mutants.entries(), ([, { file }]) => pathToFileURL(join(ROOT, file)).href);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const here = byUrl.get(url);
    if (here === undefined) return loaded;
    return { ...loaded, source: withSwitches(String(loaded.source), here) };
  },
});
