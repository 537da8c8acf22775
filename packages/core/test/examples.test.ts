import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../src/authority/entry.ts";
import { isWithin, narrow } from "../src/authority/narrow.ts";
import { permits } from "../src/authority/permits.ts";
import type { Operation } from "../src/operation.ts";

const entry: Entry = {
  type: "desk.a",
  location: "https://gw.example/r/desk",
  record: { by: "identifier", identifier: "1", alias: "A-1" },
  actions: ["move", "read"],
  fields: { read: ["f"], write: [] },
  where: { move: { "/to": { kind: "one_of", values: ["x"] } } },
  except: [],
  limits: {},
};

const move: Operation = {
  name: "desk.a.move",
  location: entry.location,
  class: "write",
  records: [{ role: "record", type: "desk.a", action: "move", named: "A-1", parents: [] }],
  read: [],
  write: [],
  members: { "/to": "x" },
  fieldPointers: [],
};

test("[authority.narrow-one-parent] a request that two held entries fit is refused, because nobody knows under which it would be", () => {
  assert.deepEqual(narrow([entry, entry], [entry]), { ok: false, error: { reason: "several_fit", at: 0 } });
  assert.equal(narrow([entry], [entry]).ok, true);
});

test("[authority.narrow-never-widens] an action that is not held cannot be asked for", () => {
  assert.equal(narrow([entry], [{ ...entry, actions: ["drop"], where: {} }]).ok, false);
});

test("[authority.permits-oracle] a constrained value that the call does not have is not granted", () => {
  assert.equal(permits([entry], move).ok, true);
  const absent = permits([entry], { ...move, members: {} });
  assert.equal(absent.ok ? "ok" : absent.error.code, "value_not_granted");
});

test("[authority.ceiling-binds] a ceiling's constraint and limit bind what a grant leaves open", () => {
  const open: Entry = { ...entry, where: {} };
  assert.equal(isWithin([open], [entry]), false);
  assert.equal(isWithin([entry], [entry]), true);
  const limited: Entry = { ...entry, limits: { uses: 3 } };
  assert.equal(isWithin([entry], [limited]), false);
  assert.equal(isWithin([{ ...entry, limits: { uses: 4 } }], [limited]), false);
  assert.equal(isWithin([{ ...entry, limits: { uses: 3 } }], [limited]), true);
});
