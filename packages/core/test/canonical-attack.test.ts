import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { atPointer, canonicalJson, jsonEqual } from "../src/json/canonical.ts";
import { type Json, readJson } from "../src/json/read.ts";

const read = (text: string): Json => {
  const result = readJson(text);
  assert.ok(result.ok);
  return result.value;
};

test("[canonical.rfc8785] the vectors of RFC 8785 print as the RFC prints them", () => {
  const sorted = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`;
  assert.equal(
    canonicalJson(read(sorted)),
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  );
  const literals = String.raw`{"numbers":[4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
  assert.equal(
    canonicalJson(read(literals)),
    String.raw`{"literals":[null,true,false],"numbers":[4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test("[canonical.rfc8785] doubles of RFC 8785 appendix B print as the RFC prints them", () => {
  const rows: readonly (readonly [bits: bigint, text: string])[] = [
    [0n, "0"],
    [0x8000000000000000n, "0"],
    [1n, "5e-324"],
    [0x8000000000000001n, "-5e-324"],
    [0x7fefffffffffffffn, "1.7976931348623157e+308"],
    [0x4340000000000000n, "9007199254740992"],
    [0x4430000000000000n, "295147905179352830000"],
    [0x44b52d02c7e14af5n, "9.999999999999997e+22"],
    [0x44b52d02c7e14af6n, "1e+23"],
    [0x3eb0c6f7a0b5ed8dn, "0.000001"],
    [0x41b3de4355555553n, "333333333.3333332"],
    [0xbecbf647612f3696n, "-0.0000033333333333333333"],
    [0x43143ff3c1cb0959n, "1424953923781206.2"],
  ];
  for (const [bits, text] of rows) {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, bits);
    assert.equal(canonicalJson(view.getFloat64(0)), text);
  }
});

test("[canonical.inverse] printing and reading are inverse, and the order of members does not matter", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      const first = readJson(JSON.stringify(data));
      if (!first.ok) return;
      const text = canonicalJson(first.value);
      assert.equal(canonicalJson(read(text)), text);
      const turned: Json =
        typeof data === "object" && data !== null && !Array.isArray(data)
          ? Object.fromEntries(Object.entries(read(text) as object).toReversed()) // an object, as tested
          : first.value;
      assert.ok(jsonEqual(turned, first.value));
    }),
  );
});

test("[canonical.no-nonsense] what has no JSON text is never printed as if it had", () => {
  const nothing: readonly Json[] = [NaN, Infinity, -Infinity, "\ud800", { a: ["\udc00"] }];
  for (const value of nothing) assert.throws(() => canonicalJson(value), RangeError);
  assert.throws(() => canonicalJson({ "\ud800": 1 }), RangeError);
});

test("[json.pointer] a pointer reaches own members only, and a text that is no pointer reaches nothing", () => {
  const data = read('{"a":{"b/c":[10,20],"~":1,"~1":2},"":3}');
  const rows: readonly (readonly [string, Json | undefined])[] = [
    ["/a/b~1c/1", 20],
    ["/a/~0", 1],
    ["/a/~01", 2],
    ["/", 3],
    ["/a/b~1c/01", undefined],
    ["/a/b~1c/-", undefined],
    ["/a/b~1c/length", undefined],
    ["/a/toString", undefined],
    ["/__proto__", undefined],
    ["xa/~0", undefined],
    ["/a/~2", undefined],
    ["/a/~", undefined],
  ];
  for (const [pointer, value] of rows) assert.deepEqual(atPointer(data, pointer), value, pointer);
});
