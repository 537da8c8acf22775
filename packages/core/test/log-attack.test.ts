import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  type CheckpointFault,
  type LogKey,
  signCheckpoint,
  verifyCheckpoint,
  type VerifyEd25519,
} from "../src/audit/checkpoint.ts";
import { type LogFault, type LogRecord, readRecordLine, recordLine, verifyLog } from "../src/audit/log.ts";
import { concatBytes, fromBase64, fromBase64url, toHex, utf8 } from "../src/bytes.ts";

const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", data, "buffer"));

/** RFC 6962 2.1, word for word: the oracle. */
function naiveRoot(records: readonly Uint8Array[]): Uint8Array {
  const [only] = records;
  if (only === undefined) return sha256(new Uint8Array(0));
  if (records.length === 1) return sha256(concatBytes(Uint8Array.of(0), only));
  let split = 1;
  while (split * 2 < records.length) split *= 2;
  const [left, right] = [naiveRoot(records.slice(0, split)), naiveRoot(records.slice(split))];
  return sha256(concatBytes(Uint8Array.of(1), left, right));
}

const numbered = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_none, n) => utf8(`record ${n}`));
const pair = generateKeyPairSync("ed25519");
const raw = fromBase64url(pair.publicKey.export({ format: "jwk" }).x ?? "");
assert.ok(raw !== undefined);
const LOG: LogKey = { name: "remit.example/log", key: raw };
const signLog = (message: Uint8Array): Uint8Array => sign(null, message, pair.privateKey);
const ed25519: VerifyEd25519 = (key, message, signature) =>
  verify(
    null,
    message,
    createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key).toString("base64url") },
      format: "jwk",
    }),
    signature,
  );
const noteOf = (size: number, root: Uint8Array): string =>
  signCheckpoint({ origin: LOG.name, size, root }, LOG, signLog, sha256);
const noteFault = (note: string, key: LogKey = LOG): CheckpointFault | "verified" => {
  const checked = verifyCheckpoint(note, key, ed25519, sha256);
  return checked.ok ? "verified" : checked.error;
};

test("[checkpoint.c2sp] key ids are those of published verifier keys of other implementations", () => {
  const published = [
    ["example.com/foo", "530d903a", "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"],
    ["PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
    ["EnochRoot", "af0cfe78", "ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"],
    ["sum.golang.org", "033de0ae", "Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"],
  ] as const;
  for (const [name, id, encoded] of published) {
    const key = fromBase64(encoded)?.subarray(1);
    assert.ok(key !== undefined);
    const checkpoint = { origin: name, size: 0, root: sha256(new Uint8Array(0)) };
    const note = signCheckpoint(checkpoint, { name, key }, () => new Uint8Array(64), sha256);
    const signature = fromBase64(note.trimEnd().split(" ").at(-1) ?? "");
    assert.ok(signature !== undefined);
    assert.equal(toHex(signature.subarray(0, 4)), id);
  }
});

test("[checkpoint.format] a note is origin, size and root, an empty line, and the signature line", () => {
  const root = naiveRoot(numbered(3));
  const note = noteOf(3, root);
  assert.match(note, /^remit\.example\/log\n3\n[A-Za-z0-9+/]{43}=\n\n\u2014 remit\.example\/log [A-Za-z0-9+/]{91}=\n$/);
  const checked = verifyCheckpoint(note, LOG, ed25519, sha256);
  assert.deepEqual(checked, { ok: true, value: { origin: LOG.name, size: 3, root } });
});

test("[checkpoint.signature] no changed note verifies, and a known key's bad signature refuses the note", () => {
  const note = noteOf(7, naiveRoot(numbered(7)));
  const [text = "", line = ""] = note.split("\n\n");
  const other = generateKeyPairSync("ed25519");
  const stranger = `\u2014 witness.example ${Buffer.alloc(68, 3).toString("base64")}\n`;
  const rows: readonly (readonly [string, CheckpointFault | "verified"])[] = [
    [note, "verified"],
    [`${text}\n\n${stranger}${line}`, "verified"],
    [`${text}\n\n${line}${stranger}`, "verified"],
    [note.replace("\n7\n", "\n8\n"), "signature"],
    [note.replace("\n7\n", "\n07\n"), "malformed"],
    [note.replace("\n7\n", "\n+7\n"), "malformed"],
    [note.replace("\n7\n", "\n7 \n"), "malformed"],
    [note.replace("\n7\n", "\n-7\n"), "malformed"],
    [note.replace("\n7\n", "\n7\r\n"), "malformed"],
    [note.replace("\n7\n", "\n9007199254740993\n"), "malformed"],
    [note.replace("\n7\n", "\n99999999999999999\n"), "malformed"],
    [note.replace(/^remit/, "other"), "other_log"],
    [`${text}\n\n${stranger}`, "signature"],
    [`${text}\n\n`, "malformed"],
    [text, "malformed"],
    ["", "malformed"],
    [`${note}\n`, "malformed"],
    [` ${note}`, "other_log"],
    [`${text}\nextension\n\n${line}`, "malformed"],
    [`${text}\n\n${line.replace("\u2014", "-")}`, "malformed"],
    [`${text}\n\n${line.replace(LOG.name, "remit.example/other")}`, "signature"],
    [`${text}\n\n${line.slice(0, -2)}\n`, "signature"],
    [`${text}\n\n${stranger.repeat(17)}`, "malformed"],
  ];
  for (const [changed, fault] of rows) assert.equal(noteFault(changed), fault, JSON.stringify(changed));
  const otherRaw = fromBase64url(other.publicKey.export({ format: "jwk" }).x ?? "");
  assert.ok(otherRaw !== undefined);
  assert.equal(noteFault(note, { name: LOG.name, key: otherRaw }), "signature");
  const forged = signCheckpoint(
    { origin: LOG.name, size: 7, root: naiveRoot(numbered(7)) },
    LOG,
    (message) => sign(null, message, other.privateKey),
    sha256,
  );
  assert.equal(noteFault(forged), "signature");
});

test("[checkpoint.own-name] a log never signs under a name that is not its own or breaks the note", () => {
  const root = naiveRoot([]);
  for (const name of ["", "a b", "a\nb", "a+b", "a\u00a0b"]) {
    const key = { name, key: LOG.key };
    assert.throws(() => signCheckpoint({ origin: name, size: 0, root }, key, signLog, sha256), RangeError);
  }
  const foreign = { origin: "other.example/log", size: 0, root };
  assert.throws(() => signCheckpoint(foreign, LOG, signLog, sha256), RangeError);
});

const recordNumber = (n: number): LogRecord => ({
  n,
  at: 1_795_478_400_000 + n,
  kind: "call.allowed",
  decision: "dec_1",
  ids: ["tsk_1", "grn_1"],
  body: { operation: "jira-acme.issue.edit", bytes: n },
});
const LINES: readonly string[] = Array.from({ length: 9 }, (_none, n) => recordLine(recordNumber(n)));
const headOf = (lines: readonly string[]): string => noteOf(lines.length, naiveRoot(lines.map((line) => utf8(line))));
const logFault = (lines: readonly string[], checkpoint: string): LogFault | "verified" => {
  const checked = verifyLog({ lines, checkpoint, key: LOG }, { sha256, verify: ed25519 });
  return checked.ok ? "verified" : checked.error;
};

test("[log.tamper-evident] every record deleted, changed, swapped, doubled or inserted is noticed", () => {
  const head = headOf(LINES);
  assert.equal(logFault(LINES, head), "verified");
  const renumber = (lines: readonly string[]): readonly string[] =>
    lines.map((line, n) => {
      const record = readRecordLine(line);
      assert.ok(record !== undefined);
      return recordLine({ ...record, n });
    });
  for (const [at, line] of LINES.entries()) {
    const cut = LINES.toSpliced(at, 1);
    const last = at === LINES.length - 1;
    assert.deepEqual(
      logFault(cut, head),
      last ? { reason: "record_count", at } : { reason: "record_out_of_order", at },
    );
    assert.deepEqual(logFault(renumber(cut), head), {
      reason: "record_count",
      at: LINES.length - 1,
    });
    const changed = LINES.with(at, line.replace("allowed", "refused"));
    assert.deepEqual(logFault(changed, head), { reason: "root_mismatch" });
    const doubled = LINES.toSpliced(at, 0, line);
    assert.deepEqual(logFault(doubled, head), last ? "verified" : { reason: "record_out_of_order", at: at + 1 });
    const inserted = renumber(LINES.toSpliced(at, 0, recordLine({ ...recordNumber(at), kind: "x" })));
    assert.deepEqual(logFault(inserted, head), { reason: "root_mismatch" });
    if (!last) {
      const next = LINES[at + 1] ?? "";
      const swapped = LINES.with(at, next).with(at + 1, line);
      assert.deepEqual(logFault(swapped, head), { reason: "record_out_of_order", at });
      assert.deepEqual(logFault(renumber(swapped), head), { reason: "root_mismatch" });
    }
  }
});

test("[log.tamper-evident] a log verifies only as far as its checkpoint, and says how far", () => {
  const head = headOf(LINES.slice(0, 5));
  const checked = verifyLog({ lines: LINES, checkpoint: head, key: LOG }, { sha256, verify: ed25519 });
  assert.ok(checked.ok);
  assert.equal(checked.value.size, 5);
  assert.deepEqual(logFault(LINES, "x"), { reason: "checkpoint_malformed" });
  assert.deepEqual(logFault([], headOf([])), "verified");
});

test("[log.one-spelling] a record line has one spelling and only its own members", () => {
  const line = recordLine(recordNumber(4));
  assert.deepEqual(readRecordLine(line)?.n, 4);
  const bad = [
    "",
    ` ${line}`,
    `${line}\n`,
    line.replace(":", ": "),
    line.replace('"n":4', '"n":4.0'),
    line.replace('"n":4', '"n":-4'),
    line.replace('"n":4', '"n":4.5'),
    line.replace('"n":4', '"n":"4"'),
    line.replace(/"at":\d+/, '"at":1.5'),
    line.replace(/"at":\d+/, '"at":-1'),
    line.replace('"n":4', '"n":4,"n":4'),
    line.replace('"n":4', '"n":4,"note":"x"'),
    line.replace('"kind":"call.allowed",', ""),
    line.replace('["tsk_1","grn_1"]', '["tsk_1",7]'),
    line.replace('["tsk_1","grn_1"]', '"tsk_1"'),
    line.replace(/"body":\{.*?\}/, '"body":[]'),
    `[${line}]`,
  ];
  for (const text of bad) {
    assert.notEqual(text, line);
    assert.equal(readRecordLine(text), undefined, text);
  }
});

test("[log.inverse] every record that can be written can be read back as it was", () => {
  const record = fc.record(
    {
      n: fc.nat(),
      at: fc.nat({ max: 2 ** 48 }),
      kind: fc.string({ unit: "binary" }),
      decision: fc.string({ unit: "binary" }),
      ids: fc.array(fc.string({ unit: "binary" }), { maxLength: 4 }),
      body: fc.dictionary(
        fc.stringMatching(/^[a-z]{1,8}$/).filter((key) => key !== "prototype"),
        fc.oneof(fc.string({ unit: "binary" }), fc.maxSafeInteger(), fc.constant(null)),
        { maxKeys: 4, noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(record, (written) => {
      const back = readRecordLine(recordLine(written));
      assert.ok(back !== undefined);
      assert.deepEqual({ ...back, body: { ...back.body } }, written);
      assert.equal(recordLine(back), recordLine(written));
    }),
  );
});
