import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAsked } from "../src/authority/parse.ts";
import type { Authority } from "../src/authority/entry.ts";
import { isJsonObject, type Json, type JsonObject } from "../src/json/read.ts";
import { utf8 } from "../src/bytes.ts";
import type { RawRequest } from "../src/judge/calls-in.ts";
import { judgeRequest } from "../src/judge/judge.ts";
import { knownTypesOf } from "../src/judge/known-types.ts";
import { propose } from "../src/judge/propose.ts";
import { printAsked, supposeNamed } from "../src/judge/suppose.ts";
import { answers, grantable, never, PLACE } from "./support/calls.ts";

const RUNS = { numRuns: 150 };
const knowledge = { answers: () => answers, names: () => undefined };
const lookup = knownTypesOf(PLACE.connector, PLACE.resource.name, PLACE.resource.location);

const isAllowed = async (authority: Authority, request: RawRequest): Promise<boolean> =>
  (await judgeRequest({ ...PLACE, authority }, request, answers)).decision === "allowed";

async function allAllowed(authority: Authority, requests: readonly RawRequest[]): Promise<boolean> {
  for (const request of requests) if (!(await isAllowed(authority, request))) return false;
  return true;
}

/** Reads printed entries back, as they would be asked for; none for a text that is no authority any more. */
function readBack(printed: Json): Authority | undefined {
  if (Array.isArray(printed) && printed.length === 0) return [];
  const read = parseAsked(printed, lookup);
  if (!read.ok) return undefined;
  const entries = read.value.map(supposeNamed);
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

/** Every text with one item less in some list, or without one whole entry: found in the printed form, not by its members. */
function* lesser(json: Json): Generator<Json> {
  if (Array.isArray(json)) {
    const list: readonly Json[] = json;
    for (const [at, item] of list.entries()) {
      yield list.toSpliced(at, 1);
      for (const less of lesser(item)) yield list.with(at, less);
    }
  } else if (isJsonObject(json)) {
    for (const [name, value] of Object.entries(json))
      for (const less of lesser(value)) yield cleaned({ ...json, [name]: less });
  }
}

/** Lists that may not be empty are left out where they are. */
const cleaned = (json: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([, value]) => !Array.isArray(value) || value.length > 0));

test("[explain.proposal-minimal] a proposal permits every chosen call, and without any member of it one call is refused", async () => {
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(grantable, { minLength: 1, maxLength: 6 }), async (calls) => {
      const { authority, beyond } = await propose(PLACE, calls, knowledge);
      assert.deepEqual(beyond, []);
      const printed = printAsked(authority);
      const read = readBack(printed);
      assert.deepEqual(read, authority, "the proposal can be pasted as it is printed");
      assert.ok(await allAllowed(authority, calls));
      for (const less of lesser(printed)) {
        const smaller = readBack(less);
        if (smaller === undefined) continue;
        tried++;
        assert.ok(!(await allAllowed(smaller, calls)), `${JSON.stringify(less)} is enough`);
      }
    }),
    RUNS,
  );
  assert.ok(tried > 1_000, `hardly tried: ${tried}`);
});

test("[explain.proposal-minimal] a call that needs a second action is not taken for the same call without it", async () => {
  const put = (body: Json): RawRequest => ({
    ...{ method: "PUT", target: "/notes/A-7", rawHeaders: ["Content-Type", "application/json"] },
    body: utf8(JSON.stringify(body)),
  });
  const fields = { f: "x", g: "q" };
  for (const calls of [
    [put({ fields, mark: true }), put({ fields })],
    [put({ fields }), put({ fields, mark: true })],
  ]) {
    const { authority, beyond } = await propose(PLACE, [...calls, TAGS], knowledge);
    assert.deepEqual(beyond, []);
    assert.ok(await allAllowed(authority, [...calls, TAGS]));
  }
});

/** A call about another record. */
const TAGS: RawRequest = {
  ...{ method: "POST", target: "/cards/1/tags", rawHeaders: ["Content-Type", "application/json"] },
  body: utf8("{}"),
};

test("[explain.proposal-narrow] a proposal permits nothing on a record, with an action or a listed value that no chosen call has", async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(grantable, { minLength: 1, maxLength: 4 }), grantable, async (calls, other) => {
      const { authority } = await propose(PLACE, calls, knowledge);
      if (!(await isAllowed(authority, other))) {
        refused++;
        return;
      }
      const alone = (await propose(PLACE, [other], knowledge)).authority;
      for (const { type, record, actions } of alone)
        assert.ok(
          authority.some(
            (entry) =>
              entry.type === type &&
              JSON.stringify(entry.record) === JSON.stringify(record) &&
              actions.every((action) => entry.actions.includes(action)),
          ),
        );
    }),
    { numRuns: 300 },
  );
  assert.ok(refused > 100, `hardly refused: ${refused}`);
});

test("[explain.proposal-beyond] calls that no authority permits are told apart, and take nothing from the others", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(grantable, { maxLength: 3 }), never, async (calls, bad) => {
      const { authority, beyond } = await propose(PLACE, [...calls, bad], knowledge);
      assert.deepEqual(
        beyond.map(({ call, judged }) => [call, judged.decision]),
        [[calls.length, "refused"]],
      );
      assert.deepEqual(authority, (await propose(PLACE, calls, knowledge)).authority);
    }),
    RUNS,
  );
});

test("[explain.proposal-values] values are exact where the connector or the API lists all of them, and open elsewhere", async () => {
  const tag = (body: Json): RawRequest => ({
    ...{ method: "POST", target: "/cards/1/tags", rawHeaders: ["Content-Type", "application/json"] },
    body: new TextEncoder().encode(JSON.stringify(body)),
  });
  const move = { ...tag({ move: "2" }), target: "/cards/1/moves" };
  const [entry] = (await propose(PLACE, [tag({ tag: "x", note: "p" }), tag({ tag: "y", note: "q" }), move], knowledge))
    .authority;
  assert.deepEqual(entry?.where, {
    tag: { "/tag": { kind: "one_of", values: ["x", "y"] } },
    move: { "/to": { kind: "exact", value: "Done" } },
  });
  // a call without the value would be refused by a constraint on it
  const [open] = (await propose(PLACE, [tag({ tag: "x", note: "p" }), tag({ note: "q" })], knowledge)).authority;
  assert.deepEqual(open?.where, {});
});
