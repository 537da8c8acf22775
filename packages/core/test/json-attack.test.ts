import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JSON_LIMITS, type JsonFault, readJson } from "../src/json/read.ts";

const reasonOf = (input: string | Uint8Array): JsonFault["reason"] | "read" => {
  const read = readJson(input);
  return read.ok ? "read" : read.error.reason;
};

const ATTACKS: readonly (readonly [text: string, reason: JsonFault["reason"]])[] = [
  ["", "syntax"],
  [" ", "syntax"],
  ["\ufeff{}", "syntax"],
  ["\u00a0{}", "syntax"],
  ["{} {}", "syntax"],
  ["{}\u0000", "syntax"],
  ["[1,]", "syntax"],
  ['{"a":1,}', "syntax"],
  ["{'a':1}", "syntax"],
  ["{a:1}", "syntax"],
  ['{"a" 1}', "syntax"],
  ['{"a":1 "b":2}', "syntax"],
  ["[1 2]", "syntax"],
  ["[", "syntax"],
  ["[1", "syntax"],
  ['{"a":', "syntax"],
  ['"a', "syntax"],
  ['"a\\', "syntax"],
  ['"\\u12"', "syntax"],
  ['"\\u12g4"', "syntax"],
  ['"\\x41"', "syntax"],
  ['"\\\n"', "syntax"],
  ['"a\tb"', "syntax"],
  ['"\\n\tb"', "syntax"],
  ['"\u0000"', "syntax"],
  ["tru", "syntax"],
  ["trXe", "syntax"],
  ["falsy", "syntax"],
  ["nuXl", "syntax"],
  ['{xa":1}', "syntax"],
  ['{"a"x1}', "syntax"],
  ['{"a":1x"b":2}', "syntax"],
  ['["a"x"b"]', "syntax"],
  [`"${"a".repeat(40)}`, "syntax"],
  [`{"a":"${"a".repeat(40)}\n}`, "syntax"],
  [`{"a":"${"a".repeat(40)}\\x41"}`, "syntax"],
  ["True", "syntax"],
  ["nulll", "syntax"],
  ["NaN", "syntax"],
  ["Infinity", "syntax"],
  ["-", "syntax"],
  ["+1", "syntax"],
  [".5", "syntax"],
  ["1.", "syntax"],
  ["1.e2", "syntax"],
  ["1e", "syntax"],
  ["1e+", "syntax"],
  ["01", "syntax"],
  ["-01", "inexact_number"],
  ["-12a", "syntax"],
  ["00", "syntax"],
  ["0x10", "syntax"],
  ["1_000", "syntax"],
  ["1n", "syntax"],
  ["// a\n1", "syntax"],
  ["/**/1", "syntax"],
  ["\u0661", "syntax"],
  ['{"a":1,"a":1}', "duplicate_key"],
  ['{"fields":{},"fi\\u0065lds":{}}', "duplicate_key"],
  ['{"":1,"":1}', "duplicate_key"],
  ['{"toString":1,"toString":2}', "duplicate_key"],
  ['{"__proto__":{"admin":true}}', "forbidden_key"],
  ['{"__pr\\u006fto__":1}', "forbidden_key"],
  ['{"a":[{"constructor":{"prototype":1}}]}', "forbidden_key"],
  ['{"prototype":1}', "forbidden_key"],
  ['{"constructor":1}', "forbidden_key"],
  ["-0", "inexact_number"],
  ["-0.0", "inexact_number"],
  ["-0e9", "inexact_number"],
  ["-1e-400", "inexact_number"],
  ["1e-400", "inexact_number"],
  ["1e400", "inexact_number"],
  ["-1e400", "inexact_number"],
  ["9007199254740992", "inexact_number"],
  ["9007199254740993", "inexact_number"],
  ["-9007199254740993", "inexact_number"],
  ["9007199254740993.0", "inexact_number"],
  ["100000000000000000000", "inexact_number"],
  ["1e16", "inexact_number"],
  ["0.1000000000000000055511151231257827", "inexact_number"],
  ["1.0000000000000001", "inexact_number"],
  ["3.141592653589793238", "inexact_number"],
  ["4.9e-325", "inexact_number"],
  ["0.30000000000000003", "inexact_number"],
  ['"\ud800"', "ill_formed_string"],
  ['"\\ud800"', "ill_formed_string"],
  ['"\\udc00\\ud800"', "ill_formed_string"],
  ['"\\ud800x\\udc00"', "ill_formed_string"],
  ['"\ud83d\\u0041"', "ill_formed_string"],
  ['{"\\ud800":1}', "ill_formed_string"],
];

test("[json.one-reading] every text with two readings is refused, each for its reason", () => {
  for (const [text, reason] of ATTACKS) assert.equal(reasonOf(text), reason, JSON.stringify(text));
});

test("[json.complete] space of each kind, and escapes late in a long text, are read", () => {
  const late = `${"a".repeat(40)}\n"\\`;
  const text = `\r\n\t {\r\n\t"a" \t:\n[ 1\r,\t2 ] , "b":${JSON.stringify(late)} }\n`;
  const read = readJson(text);
  assert.deepEqual(read.ok ? { ...(read.value as object) } : read.error, { a: [1, 2], b: late });
});

test("[json.utf8-only] bytes that are not UTF-8 are refused", () => {
  const bytes: readonly (readonly number[])[] = [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
    [0x22, 0xe0, 0x80, 0xaf, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
    [0x22, 0xe2, 0x82],
    [0xff, 0xfe, 0x31, 0x00],
  ];
  for (const one of bytes) assert.equal(reasonOf(Uint8Array.from(one)), "encoding");
  assert.equal(reasonOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), "syntax");
  assert.equal(reasonOf(Uint8Array.of(0x31, 0x00)), "syntax");
});

test("[json.bounded] each limit is exact: at the limit it reads, one beyond it does not", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  const keys = (count: number): string => `{${Array.from({ length: count }, (_none, n) => `"k${n}":0`).join(",")}}`;
  const rows: readonly (readonly [(size: number) => string, number, JsonFault["reason"]])[] = [
    [nested, JSON_LIMITS.depth, "too_deep"],
    [(n) => `[${"0,".repeat(n - 2)}0]`, JSON_LIMITS.nodes, "too_many_nodes"],
    [keys, JSON_LIMITS.keys, "too_many_keys"],
    [(n) => `"${"a".repeat(n)}"`, JSON_LIMITS.string, "string_too_long"],
    [(n) => `"${"\\u0061".repeat(n)}"`, JSON_LIMITS.string, "string_too_long"],
    [(n) => `"\\n${"a".repeat(n - 1)}"`, JSON_LIMITS.string, "string_too_long"],
    [(n) => `1${" ".repeat(n - 1)}`, JSON_LIMITS.bytes, "too_large"],
    [(n) => `"é${" ".repeat(n - 4)}"`, 2_000, "too_large"],
  ];
  for (const [make, limit, reason] of rows) {
    const limits = reason === "too_large" ? { ...JSON_LIMITS, bytes: limit } : JSON_LIMITS;
    assert.equal(readJson(make(limit), limits).ok, true, `${reason} at the limit`);
    const beyond = readJson(make(limit + 1), limits);
    assert.equal(beyond.ok ? "read" : beyond.error.reason, reason);
  }
});

test("[json.bounded] a text and its bytes meet the same limit", () => {
  const limits = { ...JSON_LIMITS, bytes: 10 };
  for (const text of ['"ééééé"', '"éééé"', '"€€€"', '"€€"', '"12345678"', '"123456789"'])
    assert.equal(readJson(text, limits).ok, readJson(new TextEncoder().encode(text), limits).ok, text);
});

test("[json.linear-time] a hostile number of 150 000 digits costs time in its length, not its square", () => {
  const zeros = "0".repeat(150_000);
  const started = performance.now();
  assert.equal(reasonOf(`1.${zeros}1`), "inexact_number");
  assert.equal(reasonOf(`0.${zeros}1`), "inexact_number");
  assert.equal(reasonOf(`1.${zeros}`), "read");
  assert.ok(performance.now() - started < 3_000, "the square of it takes ten seconds");
});

test("[json.no-prototype] no object that was read has a prototype, and no key reaches one", () => {
  const read = readJson('{"a":{"hasOwnProperty":1},"valueOf":null}');
  assert.ok(read.ok);
  assert.equal(Object.getPrototypeOf(read.value), null);
  assert.equal("toString" in (read.value as object), false); // an object, as written above
});

test("[json.offset] a fault says where it is", () => {
  const rows = [
    ['{"a":1,"a":2}', 7],
    ["[1, -0]", 4],
    ["[1 2]", 3],
    ['["ok","\ud800"]', 6],
  ] as const;
  for (const [text, at] of rows) {
    const read = readJson(text);
    assert.equal(read.ok ? -1 : read.error.at, at, text);
  }
});

test("[json.exact-number] numbers that a double holds exactly are read, whatever their spelling", () => {
  const rows: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["0.0", 0],
    ["0e5", 0],
    ["1.0", 1],
    ["1e2", 100],
    ["1E+2", 100],
    ["10e-1", 1],
    ["-1", -1],
    ["-1.50", -1.5],
    ["123456789012345", 123_456_789_012_345],
    ["999999999999999", 999_999_999_999_999],
    ["9007199254740991", 9_007_199_254_740_991],
    ["-9007199254740991", -9_007_199_254_740_991],
    ["0.1", 0.1],
    ["1e-7", 1e-7],
    ["5e-324", 5e-324],
    ["0.30000000000000004", 0.300_000_000_000_000_04],
  ];
  for (const [text, value] of rows) {
    const read = readJson(text);
    assert.deepEqual(read, { ok: true, value }, text);
  }
});

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("[json.agrees] what is read equals what the platform reads, for every accepted text", () => {
  const texts = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify(value, null, 1)),
    fc
      .array(fc.constantFrom(...'{}[]:,"\\u0041ntrfalse-+.eE 0195\ud83d\ude00'), { maxLength: 12 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const read = readJson(text);
      if (read.ok) assert.deepEqual(plain(read.value), plain(JSON.parse(text)));
    }),
    { numRuns: 1_000 },
  );
});

test("[json.complete] what the platform prints of plain data is read, and read the same", () => {
  const forbidden = /^(?:__proto__|constructor|prototype)$/;
  const key = fc.string({ unit: "grapheme" }).filter((name) => !forbidden.test(name));
  const number = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((n) => !Object.is(n, -0) && (!Number.isInteger(n) || Number.isSafeInteger(n)));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(null, true, false),
      fc.maxSafeInteger(),
      number,
      fc.string({ unit: "binary" }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (data) => {
      const text = JSON.stringify(data);
      const read = readJson(text);
      assert.ok(read.ok, `${text} ${JSON.stringify(read)}`);
      assert.deepEqual(plain(read.value), plain(data));
    }),
    { numRuns: 1_000 },
  );
});
