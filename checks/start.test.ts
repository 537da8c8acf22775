import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { read } from "./lib/files.ts";

/** Libraries that are loaded with a module, through everything that it imports when it is itself loaded. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const libraries = new Set<string>();
  if (seen.has(file)) return libraries;
  seen.add(file);
  const imports = read(file).matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm);
  for (const [, name = ""] of imports) {
    if (name.startsWith("./") || name.startsWith("../")) {
      for (const library of loadedWith(posix.join(posix.dirname(file), name), seen)) libraries.add(library);
    } else if (!name.startsWith("node:")) {
      libraries.add(name);
    }
  }
  return libraries;
}

const LOADED: Readonly<Record<string, readonly string[]>> = {
  "packages/cli/src/command-line.ts": ["commander"],
  "packages/cli/src/commands/up.ts": [],
  "packages/broker/src/main.ts": [],
  "packages/broker/src/start.ts": ["@remit/core", "yaml", "zod"],
  "packages/broker/src/store/writer.ts": ["@remit/core"],
  "packages/gateway/src/main.ts": [],
  "packages/gateway/src/start.ts": ["@remit/core", "@remit/sdk", "ipaddr.js", "undici", "yaml"],
};

test("[start.loads-little] a start loads the libraries that every start needs, and no others", () => {
  for (const [file, libraries] of Object.entries(LOADED))
    assert.deepEqual([...loadedWith(file)].sort(), libraries, file);
});
