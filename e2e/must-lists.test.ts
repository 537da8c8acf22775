import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { remit } from "@remit/testkit";

const CONNECTORS = join(import.meta.dirname, "..", "connectors");
const names = readdirSync(CONNECTORS)
  .filter((file) => file.endsWith(".yaml") && !file.includes(".must-"))
  .map((file) => file.slice(0, -".yaml".length));
const hasLists = (name: string): boolean =>
  ["allow", "deny"].every((kind) => existsSync(join(CONNECTORS, `${name}.must-${kind}.yaml`)));

interface Said {
  readonly connectors: readonly {
    readonly connector: string;
    readonly failed: readonly unknown[];
    readonly faults: readonly string[];
  }[];
}

test("[connector.must-lists] every shipped connector has its lists, and every row of them comes to what it says", async () => {
  assert.notEqual(names.length, 0);
  assert.deepEqual(
    names.filter((name) => !hasLists(name)),
    [],
  );
  // without a name, so that what is run is what a user runs
  const { stdout } = await remit(["--json", "connector", "test"], { env: { REMIT_HOME: tmpdir() } });
  const { connectors } = JSON.parse(stdout) as Said;
  assert.deepEqual(connectors.map(({ connector }) => connector).toSorted(), names.toSorted());
  for (const { connector, failed, faults } of connectors) assert.deepEqual([failed, faults], [[], []], connector);
});
