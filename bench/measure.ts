import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** One line of the table. `ours` and `reference` are in `unit`; a row misses where their ratio is over the limit. */
export interface Row {
  readonly operation: string;
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
  readonly goal: number;
  readonly limit: number;
  readonly unit: string;
  /** Least and most of the windows, as a share of the median. */
  readonly spread: string;
}

const TICK_US = 1_000_000 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** CPU time that a process has used so far, all its threads, in microseconds. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Proportional memory of a process, in MB. */
export function memoryOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? "0") / 1024;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** What a load did in windows of equal work, after a warm-up that is not counted. */
export interface Measured {
  readonly median: number;
  readonly spread: string;
}

export const spreadOf = (values: readonly number[]): string => {
  const middle = median(values);
  return `${Math.round((Math.min(...values) / middle) * 100)}–${Math.round((Math.max(...values) / middle) * 100)} %`;
};

/** Something to measure in a process of its own. `run` does `count` operations; nothing else may use that process meanwhile. */
export interface Contender {
  readonly pid: number;
  readonly run: (count: number) => Promise<void>;
  /** Clears up after a window; not counted. */
  readonly between?: () => Promise<void>;
}

const LEAD_IN = 4;

/** CPU time per operation, a window of each after the other, so that a machine that grows slower does so for all. */
export async function cpuInTurns<const Many extends readonly Contender[]>(
  contenders: Many,
  size: { readonly warm: number; readonly count: number; readonly windows: number },
): Promise<{ readonly [Index in keyof Many]: Measured }> {
  const windows = contenders.map((): number[] => []);
  for (const { run, between } of contenders) {
    await run(size.warm);
    await between?.();
  }
  for (let window = 0; window < size.windows; window++) {
    for (const [index, { pid, run, between }] of contenders.entries()) {
      // while others had their turn, caches and connections of this one went cold
      await run(Math.ceil(size.count / LEAD_IN));
      const before = cpuOf(pid);
      await run(size.count);
      windows[index]?.push((cpuOf(pid) - before) / size.count);
      await between?.();
    }
  }
  const measured = windows.map((values): Measured => ({ median: median(values), spread: spreadOf(values) }));
  // one for each contender, in their order
  return measured as { readonly [Index in keyof Many]: Measured };
}

/** CPU time of this process per call of something synchronous, in microseconds. */
export function cpuHere(run: () => void, count: number, windows: number = 7): Measured {
  for (let warm = 0; warm < count; warm++) run();
  const measured: number[] = [];
  for (let window = 0; window < windows; window++) {
    const before = process.cpuUsage();
    for (let call = 0; call < count; call++) run();
    const used = process.cpuUsage(before);
    measured.push((used.user + used.system) / count);
  }
  return { median: median(measured), spread: spreadOf(measured) };
}

/** Runs `count` operations, `width` at a time. */
export async function spread(count: number, width: number, run: () => Promise<void>): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: width }, work));
}

const MISS = 1.5;

/** A row whose reference was measured in the same run. */
export const rowOf = (operation: string, ours: Measured, reference: number, goal: number): Row => ({
  ...{
    operation,
    ours: ours.median,
    reference,
    ratio: ours.median / reference,
    goal,
    limit: goal * MISS,
    unit: "µs CPU",
    spread: ours.spread,
  },
});

/** A row that says how a peer stands that does less; there is no goal for it. */
export const noteOf = (operation: string, ours: Measured, reference: number): Row => ({
  ...rowOf(operation, ours, reference, Number.POSITIVE_INFINITY),
});

/** A row whose reference is the goal itself. */
export const absoluteRow = (operation: string, ours: number, goal: number, unit: string, spreadText: string): Row => ({
  ...{ operation, ours, reference: goal, ratio: ours / goal, goal: 1, limit: MISS, unit, spread: spreadText },
});
