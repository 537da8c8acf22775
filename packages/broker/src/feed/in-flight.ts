import { isJsonObject, type Json } from "@remit/core";

/** What became of a call that was under way at a point when the feed, at place `n`, ended `id`. */
export interface InFlight {
  readonly id: string;
  readonly n: number;
  readonly operation: string;
  readonly state: "aborted" | "sent" | "unknown";
}

const MEMBERS = ["id", "n", "operation", "state"];
const MOST = 1_000;

/** Reads what a point says of its calls; undefined for every other form. */
export function readInFlight(json: Json): readonly InFlight[] | undefined {
  if (!Array.isArray(json) || json.length > MOST) return undefined;
  const read = (json as readonly Json[]).map(readOne);
  const good = read.filter((one) => one !== undefined);
  return good.length === read.length ? good : undefined;
}

function readOne(json: Json): InFlight | undefined {
  if (!isJsonObject(json) || Object.keys(json).some((name) => !MEMBERS.includes(name))) return undefined;
  const { id, n, operation, state } = json;
  if (typeof id !== "string" || !/^[a-zA-Z0-9_:-]{1,64}$/.test(id)) return undefined;
  if (typeof n !== "number" || !Number.isSafeInteger(n) || n < 1) return undefined;
  if (typeof operation !== "string" || !/^[a-zA-Z0-9_.-]{1,128}$/.test(operation)) return undefined;
  if (state !== "aborted" && state !== "sent" && state !== "unknown") return undefined;
  return { id, n, operation, state };
}

/** What points said of the ends of late, so that whoever ends a thing again is told the same. */
export interface Reports {
  /** Takes what a point says of an end in the place of what it said of that end before. */
  put(point: string, reached: readonly InFlight[]): void;
  of(id: string, n: number): readonly InFlight[];
}

/** Makes a memory of the last thousand ends. */
export function createReports(): Reports {
  const held = new Map<string, Map<string, readonly InFlight[]>>();
  return {
    put(point, reached) {
      for (const [end, told] of Map.groupBy(reached, ({ id, n }) => `${n} ${id}`)) {
        const byPoint = held.get(end) ?? new Map<string, readonly InFlight[]>();
        held.set(end, byPoint.set(point, told));
        const [oldest] = held.keys();
        if (held.size > MOST && oldest !== undefined) held.delete(oldest);
      }
    },
    of: (id, n) => [...(held.get(`${n} ${id}`)?.values() ?? [])].flat(),
  };
}
