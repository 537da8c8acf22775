import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenSet } from "@remit/core";
import { ASSERTION_SECONDS, PROOF_SECONDS, REMEMBERED } from "../src/identity/proofs.ts";

test("[broker.busy-not-full] a busy honest system does not fill what is remembered of proofs and assertions", () => {
  const loads = [
    { seconds: PROOF_SECONDS, each: 4_000 },
    { seconds: ASSERTION_SECONDS, each: 1_000 },
  ];
  for (const { seconds, each } of loads) {
    const seen = new SeenSet(REMEMBERED, seconds);
    for (let now = 0; now < 2 * seconds; now++)
      for (let at = 0; at < each; at++)
        assert.equal(seen.add(`${now} ${at}`, now), "new", `${each} a second, at ${now}`);
    assert.equal(seen.add("0 0", 2 * seconds), "new", "and forgets");
    assert.equal(seen.add(`${seconds} 0`, 2 * seconds), "seen", "but not too soon");
  }
});
