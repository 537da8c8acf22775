import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config/model.ts";
import { readConfigFiles, readConfigFolder } from "./config/read.ts";
import type { Flags } from "./flags.ts";
import type { Say } from "./say.ts";
import { openReader } from "./store/open.ts";
import { readsOf } from "./store/reads.ts";
import type { Store } from "./store/store.ts";

async function configFolder(flags: Flags): Promise<Config | undefined> {
  if (!existsSync(join(flags.config, "remit.yaml"))) return undefined;
  return readApplied(await readConfigFolder(flags.config));
}

function readApplied(read: Awaited<ReturnType<typeof readConfigFolder>> | undefined): Config {
  if (read === undefined)
    throw new Error("there is no configuration: name a folder with --config (`remit init` writes a first one)");
  if (read.ok) return read.value;
  const lines = read.error.map(
    ({ file, line, key, message }) =>
      `${file}${line === undefined ? "" : `:${line}`}${key === "" ? "" : ` \`${key}\``} ${message}`,
  );
  throw new Error(`the configuration is not valid:\n  ${lines.join("\n  ")}`);
}

/** The first folder is taken as it is; later ones only when told so. A running broker never reads it again. */
export async function chooseConfig(
  flags: Flags,
  data: string,
  say: Say,
): Promise<{ readonly config: Config; readonly apply: string | undefined }> {
  const folder = await configFolder(flags);
  const applied = appliedBefore(data);
  if (applied !== undefined && folder?.digest === applied.digest) return { config: folder, apply: undefined };
  if (applied === undefined || flags.applyConfig) {
    return {
      config: folder ?? readApplied(undefined),
      apply: applied === undefined ? "first start" : "unprotected_owner",
    };
  }
  if (folder !== undefined)
    say("warn", "the folder differs from what was applied last, which is used; start with --apply-config to apply it");
  return { config: readApplied(await readConfigFiles(applied.files)), apply: undefined };
}

const STEP_MS = 2_000;

/** A clock behind the last record would date new records before old ones: nothing starts on it. */
export function refuseClockBehind(data: string, nowMs: number): void {
  const db = openReader(data);
  try {
    const lastMs = readsOf(db).lastRecordMs();
    if (lastMs <= nowMs + STEP_MS) return;
    throw new Error(
      `the clock is ${Math.ceil((lastMs - nowMs) / 1000)} s behind the last record in \`${data}\`; set it right first`,
    );
  } finally {
    db.close();
  }
}

function appliedBefore(data: string): ReturnType<Store["read"]["appliedConfig"]> {
  const db = openReader(data);
  try {
    return readsOf(db).appliedConfig();
  } finally {
    db.close();
  }
}
