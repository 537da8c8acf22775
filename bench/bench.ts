import { rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { measureCalls, measureEnds, measureStart } from "./calls.ts";
import { measureCore } from "./core.ts";
import { type Row, rowOf } from "./measure.ts";
import { measurePrimitives } from "./primitives.ts";
import { createStage } from "./stage.ts";
import { measureTokens } from "./tokens.ts";
import { measureVerify } from "./verify.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

say("measuring primitives …");
const primitives = measurePrimitives();
say("measuring verification …");
const { first, again } = measureVerify();
say("measuring the pure steps of a call …");
const core = measureCore();
const world = await createStage(say);
try {
  const tokens = await measureTokens(world, say);
  const calls = await measureCalls(world, tokens, say);
  const ends = await measureEnds(world, say);
  const start = await measureStart(world, say);
  const { verify, hash } = primitives;
  const verified = [
    rowOf("verify, token never seen / primitives", first, 2 * verify + hash, 1.15),
    rowOf("verify, token seen before / one raw check", again, verify, 1.15),
  ];
  const rows = [...tokens.rows, ...verified, ...calls, ...core, ends, ...start];
  // rows without a goal are for reading: there is nothing that they could miss
  const judged = rows.filter(({ goal }) => Number.isFinite(goal));
  writeFileSync(join(import.meta.dirname, "results.json"), `${JSON.stringify(judged, null, 2)}\n`);
  print(rows);
} finally {
  await world.stop();
  rmSync(world.folder, { recursive: true, force: true });
}

function print(rows: readonly Row[]): void {
  const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
  const lines = rows.map(({ operation, ours, reference, ratio, goal, limit, unit, spread }) =>
    [
      operation,
      `${number(ours)} ${unit}`,
      number(reference),
      ratio.toFixed(2),
      Number.isFinite(goal) ? goal.toFixed(2) : "–",
      !Number.isFinite(goal)
        ? "for comparison"
        : ratio > limit
          ? "missed by more than half"
          : ratio > goal
            ? "over the goal"
            : "met",
      spread,
    ].join(" | "),
  );
  const { model = "unknown" } = cpus()[0] ?? {};
  console.log(`${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${model}\n`);
  console.log("| operation | ours | reference | ratio | goal | | spread |\n|---|--:|--:|--:|--:|---|---|");
  for (const line of lines) console.log(`| ${line} |`);
  const raw = Object.entries(primitives).map(([name, cost]) => `${name} ${cost.toFixed(1)}`);
  console.log(`\nprimitives, µs CPU: ${raw.join(", ")}`);
}
