#!/usr/bin/env node
// nothing is imported before this, because an older Node could not even link it
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`remit: Node ${process.version} is too old\n  fix: use Node 24.15 or later\n`);
  process.exitCode = 1;
} else {
  const { keepCompiled } = await import("./compiled.ts");
  keepCompiled(process.env);
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine(process.argv.slice(2));
}

export {};
