import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenSet } from "@remit/core";
import { NONCE_LIFE_SECONDS } from "@remit/sdk";
import { PROOFS } from "../src/runtime.ts";

test("[gateway.busy-not-full] a busy gateway does not fill what it remembers of proofs", () => {
  const seen = new SeenSet(PROOFS, NONCE_LIFE_SECONDS);
  for (let now = 0; now < 2 * NONCE_LIFE_SECONDS; now++)
    for (let at = 0; at < 6_000; at++) assert.equal(seen.add(`${now} ${at}`, now), "new", `at ${now}`);
});
