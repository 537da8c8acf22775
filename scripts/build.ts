import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Packages that people install; one that has no source yet is passed over. */
export const PACKAGES: readonly string[] = ["core", "sdk", "broker", "gateway", "cli", "testkit"].filter((name) =>
  existsSync(join(ROOT, "packages", name, "src")),
);

/** Packages that read the shipped connectors at run time; a built one carries its own copy. */
const WITH_CONNECTORS: readonly string[] = ["broker", "gateway", "cli"];
/** Packages that also run the must lists of the shipped connectors. */
const WITH_LISTS: readonly string[] = ["cli"];

const dist = (name: string): string => join(ROOT, "packages", name, "dist");

/** Makes a `dist` of each package that plain Node can run without the source condition. Returns the compiler's exit code. */
export function build(distOf: (name: string) => string = dist): number {
  const configs = mkdtempSync(join(tmpdir(), "remit-build-"));
  try {
    for (const name of PACKAGES) {
      rmSync(distOf(name), { recursive: true, force: true });
      const code = compile(name, distOf(name), join(configs, `${name}.json`));
      if (code !== 0) return code;
      if (WITH_CONNECTORS.includes(name)) copyConnectors(join(distOf(name), "connectors"), WITH_LISTS.includes(name));
    }
    return 0;
  } finally {
    rmSync(configs, { recursive: true, force: true });
  }
}

function compile(name: string, outDir: string, config: string): number {
  const source = join(ROOT, "packages", name, "src");
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, rootDir: source, outDir, allowImportingTsExtensions: false },
    typeRoots: [join(ROOT, "node_modules", "@types")],
  };
  writeFileSync(
    config,
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions, include: [source], exclude: [] }),
  );
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const done = spawnSync(process.execPath, [compiler, "-p", config], { cwd: ROOT, stdio: "inherit" });
  if (done.error !== undefined) throw done.error;
  return done.status ?? 1;
}

function copyConnectors(folder: string, lists: boolean): void {
  mkdirSync(folder, { recursive: true });
  const shipped = join(ROOT, "connectors");
  for (const file of readdirSync(shipped))
    if (file.endsWith(".yaml") && (lists || !file.includes(".must-"))) cpSync(join(shipped, file), join(folder, file));
  cpSync(join(shipped, "parsed"), join(folder, "parsed"), { recursive: true });
}
