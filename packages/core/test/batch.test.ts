import assert from "node:assert/strict";
import { test } from "node:test";
import { CONNECTOR, sha256 } from "./support/universe.ts";
import { batchAnswer, batchAt, type BatchSpec, type Json, parseConnector, partsOfBatch } from "../src/index.ts";

const SPEC: BatchSpec = {
  accept: ["/data/v1/batch"],
  ...{ max: 10_000, most: 3, list: "requests", below: "/data/" },
  part: { method: "method", target: "url", body: "input" },
  constants: { halt: false },
  answer: { failed: "failed", list: "results", status: "code", body: "result" },
};

const GET = { method: "GET", url: "v1/ticket/7?fields=name" };

test("[connectors.batch-read] a batch is read as its requests, each as strictly as one that came by itself", () => {
  const body = { halt: false, requests: [GET, { method: "PATCH", url: "v1/ticket/8", input: { name: "x" } }] };
  const parts = partsOfBatch(SPEC, body);
  assert.ok(parts.ok);
  assert.deepEqual(
    parts.value.map(({ head, body: input }) => [head.method, head.path, head.query, input]),
    [
      ["GET", "/data/v1/ticket/7", [{ name: "fields", value: "name" }], undefined],
      ["PATCH", "/data/v1/ticket/8", [], { name: "x" }],
    ],
  );
  assert.equal(batchAt([SPEC], "POST", ["data", "v1", "batch"]), SPEC);
  for (const [method, path] of [
    ["GET", "data/v1/batch"],
    ["POST", "data/v1/batch2"],
    ["POST", "data/v1"],
  ] as const)
    assert.equal(batchAt([SPEC], method, path.split("/")), undefined, `${method} ${path}`);
  assert.deepEqual(
    batchAnswer(SPEC, [
      { status: 204, body: undefined },
      { status: 400, body: { error: "upstream" } },
    ]),
    {
      failed: true,
      results: [
        { code: 204, result: null },
        { code: 400, result: { error: "upstream" } },
      ],
    },
  );
});

const ODD: readonly (readonly [why: RegExp, body: Json | undefined])[] = [
  [/not an object/, undefined],
  [/not an object/, [GET]],
  [/from one to 3/, {}],
  [/from one to 3/, { requests: [] }],
  [/from one to 3/, { requests: GET }],
  [/from one to 3/, { requests: [GET, GET, GET, GET] }],
  [/`\/halt` is not part/, { halt: true, requests: [GET] }],
  [/`\/halt` is not part/, { halt: null, requests: [GET] }],
  [/`\/more` is not part/, { more: false, requests: [GET] }],
  [/`\/constructor` is not part/, { constructor: false, requests: [GET] }],
  [/`\/requests\/1` is not an object/, { requests: [GET, "GET"] }],
  [/`\/requests\/0\/headers` is not part/, { requests: [{ ...GET, headers: {} }] }],
  [/`\/requests\/0` names no method/, { requests: [{ url: "v1/ticket/7" }] }],
  [/`\/requests\/0` names no method/, { requests: [{ method: "GET", url: 7 }] }],
  [/more than one reading: method/, { requests: [{ ...GET, method: "get" }] }],
  [/more than one reading: path_segment/, { requests: [{ ...GET, url: "/v1/ticket/7" }] }],
  [/more than one reading: path_segment/, { requests: [{ ...GET, url: "v1/ticket/../user/1" }] }],
  [/more than one reading: path_encoding/, { requests: [{ ...GET, url: "v1/ticket/%2e%2e/user" }] }],
  [/more than one reading: path_character/, { requests: [{ ...GET, url: "v1/ticket/@{one.id}" }] }],
];

test("[connectors.batch-read] a batch that holds anything else is refused whole", () => {
  for (const [why, body] of ODD) {
    const parts = partsOfBatch(SPEC, body);
    assert.ok(!parts.ok, JSON.stringify(body));
    assert.equal(parts.error.code, "body_refused");
    assert.match(parts.error.detail, why);
  }
});

const FILE = {
  ...{ accept: ["/desk/batch"], max: 100, most: 3, list: "requests", below: "/desk" },
  ...{ part: { method: "method", target: "url", body: "input" }, constants: { halt: false } },
  answer: { failed: "failed", list: "results", status: "code", body: "result" },
};

test("[connector.closed] a batch that is an operation or a side door too, or whose members are not told apart, is refused, with the place", () => {
  const doors = [{ door: "POST /desk/batch", reaches: "everything" }];
  const cases: readonly (readonly [change: { readonly [name: string]: Json }, says: RegExp, doors?: Json])[] = [
    [{}, /^fine$/],
    [{}, /side_doors\[0\]`: is an operation too/, doors],
    [{ accept: ["/move/7"] }, /path that is something else too/],
    [{ accept: ["/desk/batch", "/desk/batch"] }, /path that is something else too/],
    [{ accept: ["/desk/{record}"] }, /accept\[0\]`: is a path without parameters/],
    [{ below: "desk" }, /below`: is a path without parameters/],
    [{ most: 26 }, /most`: is from 1 to 25/],
    [{ most: 0 }, /most`: is from 1 to 25/],
    [{ part: { method: "url", target: "url", body: "input" } }, /part`: has three members/],
    [{ part: { method: "method", target: "url" } }, /part\.body`: is missing/],
    [{ constants: { halt: { never: true } } }, /constants\.halt`: is a text/],
    [{ more: 1 }, /batches\[0\]\.more`: is not known here/],
  ];
  for (const [change, says, sideDoors = []] of cases) {
    const file = { ...CONNECTOR, batches: [{ ...FILE, ...change }], side_doors: sideDoors };
    const read = parseConnector(file, sha256);
    assert.match(read.ok ? "fine" : read.error, says, JSON.stringify(change));
  }
});
