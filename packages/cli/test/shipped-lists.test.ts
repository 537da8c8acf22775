import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { connectorFiles, SHIPPED } from "../src/connectors/load.ts";
import { testConnector } from "../src/connectors/must-test.ts";

const files = connectorFiles(SHIPPED);

test("[connector.must-lists] there are shipped connectors to test", () => {
  for (const name of ["github", "jira", "npm", "salesforce", "zendesk"])
    assert.ok(
      files.some((file) => basename(file) === `${name}.yaml`),
      name,
    );
});

for (const file of files)
  test(`[connector.must-lists] ${basename(file, ".yaml")}: both lists are there, each side door has a row, and every row comes to what it says`, async () => {
    const { rows, failed, faults } = await testConnector(file, () => undefined);
    assert.deepEqual({ failed, faults }, { failed: [], faults: [] });
    assert.ok(rows.allow >= 10 && rows.deny >= 100, `${rows.allow} and ${rows.deny} rows`);
  });
