import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { REFUSALS } from "../src/refusal.ts";

test("[refusal.documented] every refusal has its anchor in the docs, and the docs name no other", () => {
  const page = readFileSync(new URL("../../../docs/refusals.md", import.meta.url), "utf8");
  const anchors = [...page.matchAll(/<a id="([a-z_]+)"><\/a>/g)].map((match) => match[1]);
  assert.deepEqual(anchors.toSorted(), Object.keys(REFUSALS).toSorted());
});
