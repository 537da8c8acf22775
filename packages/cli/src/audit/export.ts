import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../exit.ts";
import { adminJson, askAdmin, type Seat } from "../session.ts";
import type { ExportedLog } from "./check.ts";

const PAGE = 5_000;

/** Fetches the broker's log and every log that points have shipped to it. */
export async function fetchLogs(seat: Seat): Promise<readonly ExportedLog[]> {
  const own = await fetchLog(seat, "/admin/log");
  const { points } = await adminJson(seat, "/admin/points");
  const ids = (Array.isArray(points) ? points : []).map((point: { point?: unknown }) => String(point.point));
  const shipped = await Promise.all(ids.map(async (id) => fetchShipped(seat, id)));
  return [own, ...shipped.filter((log) => log !== undefined)];
}

async function fetchShipped(seat: Seat, point: string): Promise<ExportedLog | undefined> {
  try {
    return await fetchLog(seat, `/admin/log/points/${point}`);
  } catch (error) {
    // a point that has shipped nothing yet has no log here
    if (error instanceof CommandError && error.facts["status"] === 404) return undefined;
    throw error;
  }
}

async function fetchLog(seat: Seat, path: `/admin/log${string}`): Promise<ExportedLog> {
  const { checkpoint, key } = await adminJson(seat, `${path}/checkpoint`);
  const { name, key: bytes } =
    typeof key === "object" && key !== null ? { name: "", key: "", ...key } : { name: "", key: "" };
  const lines: string[] = [];
  for (;;) {
    const page = (await askAdmin(seat, `${path}/records?from=${lines.length}&limit=${PAGE}`)).split("\n").slice(0, -1);
    lines.push(...page);
    if (page.length < PAGE) break;
  }
  return { name: String(name), key: String(bytes), checkpoint: String(checkpoint), lines };
}

/** Writes logs as a folder that can be verified anywhere. */
export function writeLogs(folder: string, logs: readonly ExportedLog[]): void {
  mkdirSync(folder, { recursive: true });
  for (const [index, { lines, ...head }] of logs.entries()) {
    writeFileSync(join(folder, `${index}.json`), `${JSON.stringify(head)}\n`);
    writeFileSync(join(folder, `${index}.ndjson`), lines.map((line) => `${line}\n`).join(""));
  }
}

/** Reads a folder that `writeLogs` wrote. */
export function readLogs(folder: string): readonly ExportedLog[] {
  const heads = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : [];
  if (heads.length === 0)
    throw new CommandError("usage", `\`${folder}\` holds no exported log`, {
      fix: "write one with `remit audit export DIR`",
    });
  return heads.sort().map((file) => {
    const head: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const { name, key, checkpoint } = {
      name: "",
      key: "",
      checkpoint: "",
      ...(typeof head === "object" ? head : {}),
    };
    const lines = readFileSync(join(folder, file.replace(/\.json$/, ".ndjson")), "utf8")
      .split("\n")
      .slice(0, -1);
    return { name, key, checkpoint, lines };
  });
}
