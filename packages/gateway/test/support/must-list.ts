import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  BARE_PRIMITIVES,
  type Connector,
  type Json,
  type MustKind,
  type MustList,
  parseMustList,
  type RowOutcome,
  runMustList,
} from "@remit/core";
import { callPrimitives } from "@remit/sdk";
import { parse } from "yaml";

/** Reads a list that lies beside a shipped connector. */
export function readMustList(connector: Connector, kind: MustKind): MustList {
  const file = new URL(`../../../../connectors/${connector.name}.must-${kind}.yaml`, import.meta.url);
  // whether our own file is plain is checked where all lists are run
  const list = parseMustList(parse(readFileSync(file, "utf8")) as Json, connector, kind);
  assert.ok(list.ok, list.ok ? "" : list.error);
  return list.value;
}

/** Rows that do not come to what they say, with what they come to. */
export async function wrongIn(connector: Connector, list: MustList): Promise<readonly RowOutcome[]> {
  const wrong: RowOutcome[] = [];
  for await (const outcome of runMustList(connector, list, { ...BARE_PRIMITIVES, ...callPrimitives }))
    if (!outcome.passed) wrong.push(outcome);
  return wrong;
}
