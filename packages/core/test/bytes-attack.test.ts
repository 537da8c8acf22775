import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { decode64, decodeByTable, encode64, encodeByTable } from "../src/base64.ts";
import { equalBytes, fromBase64, fromBase64url, readUtf8, toBase64, toBase64url, toHex } from "../src/bytes.ts";
import { HANDLE_PREFIXES, isHandle, makeHandle } from "../src/handle.ts";
import { ID_PREFIXES, isId, makeId } from "../src/id.ts";
import { Secret } from "../src/secret.ts";

const bytes = fc.uint8Array({ maxLength: 80 });

test("[bytes.codecs] base64url, base64 and hex agree with the platform and are inverse", () => {
  fc.assert(
    fc.property(bytes, (data) => {
      const buffer = Buffer.from(data);
      assert.equal(toBase64url(data), buffer.toString("base64url"));
      assert.equal(toBase64(data), buffer.toString("base64"));
      assert.equal(toHex(data), buffer.toString("hex"));
      assert.deepEqual(fromBase64url(toBase64url(data)), data);
      assert.deepEqual(fromBase64(toBase64(data)), data);
    }),
  );
});

test("[bytes.canonical] no two texts decode to the same bytes", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ABgwQ9-_+/= \n"), maxLength: 9 });
  fc.assert(
    fc.property(text, (written) => {
      const url = fromBase64url(written);
      if (url !== undefined) assert.equal(toBase64url(url), written);
      const padded = fromBase64(written);
      if (padded !== undefined) assert.equal(toBase64(padded), written);
    }),
    { numRuns: 3_000 },
  );
});

test("[bytes.canonical] platforms with and without base64 of their own read and write the same", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ABgwQ9-_+/= \n\u0101"), maxLength: 9 });
  for (const alphabet of ["base64", "base64url"] as const) {
    fc.assert(fc.property(bytes, (data) => assert.equal(encodeByTable(data, alphabet), encode64(data, alphabet))));
    fc.assert(
      fc.property(text, (written) =>
        assert.deepEqual(decodeByTable(written, alphabet), decode64(written, alphabet), JSON.stringify(written)),
      ),
      { numRuns: 3_000 },
    );
    for (const written of ["QR", "QUJ", "A", "Q="]) assert.equal(decodeByTable(written, alphabet), undefined, written);
  }
});

test("[bytes.canonical] padding, white space, other alphabets and stray bits are refused", () => {
  for (const text of ["QQ==", "QQ=", " QQ", "QQ\n", "Q Q", "Q+", "Q/", "QR", "A", "AAAAA", "Q\u0101"])
    assert.equal(fromBase64url(text), undefined, JSON.stringify(text));
  for (const text of ["QQ", "QQ=", "QR==", "QQ==\n", "Q-==", "====", "A===", "QQ==QQ==", "=QQQ", "QUJ="])
    assert.equal(fromBase64(text), undefined, JSON.stringify(text));
});

test("[bytes.utf8] only well-formed UTF-8 is text, and a byte order mark is not swallowed", () => {
  assert.equal(readUtf8(Uint8Array.of(0xc0, 0xaf)), undefined);
  assert.equal(readUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), undefined);
  assert.equal(readUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), "\ufeffA");
});

test("[bytes.equal] equality is that of all bytes", () => {
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      assert.equal(equalBytes(one, other), Buffer.compare(one, other) === 0);
      assert.ok(equalBytes(one, one.slice()));
    }),
  );
  assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1)), false);
});

const random = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test("[id.sorts-by-time] ids of a later millisecond sort after, as text", () => {
  fc.assert(
    fc.property(time, time, random(10), random(10), (one, other, left, right) => {
      const [a, b] = [makeId("tsk", one, left), makeId("tsk", other, right)];
      if (one !== other) assert.equal(a < b, one < other);
    }),
  );
});

test("[id.uuidv7] an id holds a UUIDv7: its time, version 7 and variant 10", () => {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  fc.assert(
    fc.property(time, random(10), (now, noise) => {
      const id = makeId("grn", now, noise);
      let value = 0n;
      for (const character of id.slice(4)) value = value * 32n + BigInt(alphabet.indexOf(character));
      const hex = value.toString(16).padStart(32, "0");
      assert.equal(Number.parseInt(hex.slice(0, 12), 16), now);
      assert.equal(hex.charAt(12), "7");
      assert.match(hex.charAt(16), /[89ab]/);
    }),
  );
});

test("[id.one-spelling] a text is an id of one kind in one spelling, or of none", () => {
  const good = makeId("tsk", 1_795_478_400_000, new Uint8Array(10).fill(0xa5));
  assert.ok(isId("tsk", good));
  const body = good.slice(4);
  const bad: readonly unknown[] = [
    good.toLowerCase(),
    `TSK_${body}`,
    `${good} `,
    ` ${good}`,
    `${good}\n`,
    good.slice(0, -1),
    `${good}0`,
    `tsk-${body}`,
    `grn_${body}`,
    `tsk_8${body.slice(1)}`,
    `tsk_${body.slice(0, -1)}I`,
    `tsk_${body.slice(0, -1)}L`,
    `tsk_${body.slice(0, -1)}O`,
    `tsk_${body.slice(0, -1)}U`,
    undefined,
    null,
    7,
    [good],
    { toString: () => good },
  ];
  for (const text of bad) assert.equal(isId("tsk", text), false, inspect(text));
  for (const prefix of ID_PREFIXES) {
    const id = makeId(prefix, 1, new Uint8Array(10));
    assert.deepEqual(
      ID_PREFIXES.filter((other) => isId(other, id)),
      [prefix],
    );
  }
});

test("[handle.checksum] one wrong character anywhere is noticed, and no handle passes for another kind", () => {
  fc.assert(
    fc.property(random(32), fc.nat(), fc.constantFrom(..."09AZaz"), (noise, place, character) => {
      const handle = makeHandle("rmt_ses_", noise);
      assert.equal(handle.length, 8 + 43 + 6);
      assert.deepEqual(
        HANDLE_PREFIXES.filter((prefix) => isHandle(prefix, handle)),
        ["rmt_ses_"],
      );
      const at = place % handle.length;
      const changed = handle.slice(0, at) + character + handle.slice(at + 1);
      assert.equal(isHandle("rmt_ses_", changed), changed === handle);
    }),
  );
});

test("[handle.checksum] the checksum is CRC-32 of prefix and secret in base62, as scanners compute it", () => {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  fc.assert(
    fc.property(random(32), (noise) => {
      const handle = makeHandle("rmt_boot_", noise);
      let check = 0;
      for (const character of handle.slice(-6)) check = check * 62 + alphabet.indexOf(character);
      assert.equal(check, crc32(handle.slice(0, -6)));
    }),
  );
});

test("[handle.checksum] other lengths, alphabets and kinds of value are no handle", () => {
  const good = makeHandle("rmt_run_", new Uint8Array(32).fill(255));
  assert.ok(isHandle("rmt_run_", good));
  for (const text of [good.slice(0, -1), `${good}0`, `${good}\n`, good.replace("_run_", "_RUN_"), [good], null])
    assert.equal(isHandle("rmt_run_", text), false, inspect(text));
});

test("[id.randomness] ids and handles are made only of the right amount of randomness", () => {
  for (const length of [0, 9, 11, 16]) assert.throws(() => makeId("tsk", 1, new Uint8Array(length)), RangeError);
  for (const length of [0, 16, 31, 33]) assert.throws(() => makeHandle("rmt_at_", new Uint8Array(length)), RangeError);
});

test("[secret.never-printed] no way of printing a secret prints it", () => {
  const secret = new Secret("hunter2");
  const holder = { name: "x", secret, list: [secret], map: new Map([["k", secret]]) };
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify(holder),
    inspect(holder, { showHidden: true, depth: null }),
    inspect(secret, { customInspect: false, showHidden: true }),
    JSON.stringify({ ...secret }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(structuredClone({ ...secret })),
    new Error("failed", { cause: secret }).stack ?? "",
    inspect(new Error("failed", { cause: secret })),
  ];
  for (const text of printed) assert.doesNotMatch(text, /hunter2/);
  assert.match(inspect(holder), /\[secret\]/);
  assert.equal(secret.reveal(), "hunter2");
});
