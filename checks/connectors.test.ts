import assert from "node:assert/strict";
import { test } from "node:test";
import { parsedForm, shippedNames } from "../scripts/connectors.ts";
import { read } from "./lib/files.ts";

test("[repository.connectors-parsed] the parsed form of each shipped connector is made of its text as it is; else run `npm run connectors`", () => {
  assert.notEqual(shippedNames().length, 0);
  for (const name of shippedNames())
    assert.equal(read(`connectors/parsed/${name}.json`), parsedForm(read(`connectors/${name}.yaml`)), name);
});
