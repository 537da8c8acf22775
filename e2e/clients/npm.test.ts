import assert from "node:assert/strict";
import { test } from "node:test";
import { npmWorld } from "./npm-world.ts";

test("[npm.publish] the real npm publishes one version of one package under its one tag", async () => {
  await using npm = await npmWorld();
  for (const [policy, name] of [
    ["scoped", "@acme/thing"],
    ["plain", "thing"],
  ] as const) {
    const release = npm.author(`release-${policy}`, {
      name,
      version: "1.2.3",
      bin: { thing: "index.js" },
      scripts: { test: "true" },
    });
    const published = await npm.under(policy, `npm:${name}`, release, "npm", "publish", "--tag", "next");
    assert.equal(published.code, 0, published.stderr);
    console.log(published.stderr, published.stdout);
    console.log(JSON.stringify(await npm.packument(name)));
  }
});
