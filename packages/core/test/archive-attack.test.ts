import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { type ArchiveFault, readArchive } from "../src/archive/document.ts";
import { archive, END, entry, inflate, installed, packed, type RawEntry } from "./support/tarball.ts";

const SPEC = { document: "package/package.json", maxUnpacked: 65_536 };
const DOCUMENT = JSON.stringify({ name: "thing", version: "1.2.3" });
const GOOD: RawEntry = { name: "package/package.json", data: DOCUMENT };
const OTHER: RawEntry = { name: "package/index.js", data: "module.exports = 1;\n" };
const EVIL = JSON.stringify({ name: "evil", version: "6.6.6" });

const faultOf = (text: string): ArchiveFault | "read" => {
  const read = readArchive(text, SPEC, inflate);
  return read.ok ? "read" : read.error;
};
const faultOfTar = (tar: Uint8Array): ArchiveFault | "read" => faultOf(packed(tar));

/** A pax record: its own length, a key and a value. */
const pax = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  const length = rest.length + String(rest.length + 2).length;
  return `${length}${rest}`;
};

test("[archive.read] a tarball as npm makes it is read, with the document in it and its own bytes", () => {
  const tar = archive(OTHER, { name: "index.js", prefix: "package/lib/deep", data: "" }, GOOD);
  const read = readArchive(packed(tar), SPEC, inflate);
  assert.ok(read.ok);
  assert.deepEqual({ ...read.value.document }, { name: "thing", version: "1.2.3" });
  assert.deepEqual(Buffer.from(read.value.bytes), gzipSync(tar));
  const folders = [{ name: "package/", type: "5" }, { name: "package/lib", type: "5" }, GOOD];
  assert.equal(faultOfTar(archive(...folders)), "read");
  assert.equal(faultOfTar(Buffer.concat([archive(GOOD), Buffer.alloc(8_192)])), "read");
});

const gz = gzipSync(archive(GOOD));
const raw = deflateRawSync(archive(GOOD));
const withFlag = (flag: number): Buffer => {
  const bytes = Buffer.from(gz);
  bytes[3] = flag;
  return bytes;
};
const changed = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  const place = at < 0 ? copy.length + at : at;
  copy.writeUInt8(copy.readUInt8(place) ^ 1, place);
  return copy;
};

const PACKED: readonly (readonly [what: string, bytes: Buffer, fault: ArchiveFault])[] = [
  ["nothing", Buffer.alloc(0), "gzip_header"],
  ["a bare tar", archive(GOOD), "gzip_header"],
  ["a bare deflate stream", raw, "gzip_header"],
  ["another method", changed(gz, 2), "gzip_header"],
  ["a header checksum", withFlag(2), "gzip_header"],
  ["extra fields", withFlag(4), "gzip_header"],
  ["a file name", withFlag(8), "gzip_header"],
  ["a comment", withFlag(16), "gzip_header"],
  ["a reserved flag", withFlag(32), "gzip_header"],
  ["two members, the second with another archive", Buffer.concat([gz, gzipSync(archive(GOOD))]), "gzip_more"],
  ["an empty member first", Buffer.concat([gzipSync(""), gz]), "gzip_more"],
  ["an empty member last", Buffer.concat([gz, gzipSync("")]), "gzip_more"],
  ["bytes behind it", Buffer.concat([gz, Buffer.from("more")]), "gzip_more"],
  ["zero bytes behind it", Buffer.concat([gz, Buffer.alloc(8)]), "gzip_more"],
  ["no trailer", gz.subarray(0, -8), "gzip_more"],
  ["half a trailer", gz.subarray(0, -4), "gzip_more"],
  ["a cut stream", gz.subarray(0, 40), "inflate"],
  ["another checksum", changed(gz, -8), "gzip_checksum"],
  ["another size", changed(gz, -4), "gzip_checksum"],
  ["a bomb", gzipSync(Buffer.alloc(SPEC.maxUnpacked + 1)), "inflate"],
];

test("[archive.gzip-one-reading] everything around the one gzip member is refused, each for its reason, and no more is unpacked than the bound", () => {
  for (const [what, bytes, fault] of PACKED) assert.equal(faultOf(bytes.toString("base64")), fault, what);
  for (const text of ["", "=", "@@@@", `${gz.toString("base64")}\n`, gz.toString("base64url").concat("_"), "AAAB="])
    assert.notEqual(faultOf(text), "read");
  assert.equal(faultOf(`${gz.toString("base64")} `), "base64");
  const full = gzipSync(Buffer.alloc(SPEC.maxUnpacked));
  assert.equal(faultOf(full.toString("base64")), "document_missing");
});

const NAMES = ["../package.json", "package/./package.json", "package//package.json", "/package/package.json"];
const SPELLED = ["package\\package.json", "package/package.json.", "package/package.json ", "package/PACKAG~1.JSO"];
const HIDDEN = [
  "package/pack\0age.json",
  "package/package.json::$DATA",
  "package/../package/package.json",
  "package/ a",
];

const TARS: readonly (readonly [what: string, tar: Buffer, fault: ArchiveFault])[] = [
  ...[...NAMES, ...SPELLED, ...HIDDEN].map((name) => [name, archive({ ...GOOD, name }), "entry_path"] as const),
  ["an empty name", archive(GOOD, { name: "" }), "entry_path"],
  ["a file that ends in a slash", archive(GOOD, { name: "package/x/" }), "entry_path"],
  ["a name beyond ASCII", archive(GOOD, { name: "package/\u00fc" }), "header"],
  [
    "a prefix that some cut",
    archive({ ...GOOD, name: "package.json", prefix: `package/${"a".repeat(130)}` }),
    "entry_path",
  ],
  ["bytes behind a prefix", archive({ ...GOOD, prefix: "\0\0x" }), "entry_path"],
  ["the document twice", archive(GOOD, { ...GOOD, data: EVIL }), "entry_repeated"],
  [
    "the document twice, once split",
    archive(GOOD, { name: "package.json", prefix: "package", data: EVIL }),
    "entry_repeated",
  ],
  ["the document in other cases", archive(GOOD, { name: "package/Package.JSON", data: EVIL }), "document_hidden"],
  ["a folder in its place", archive(GOOD, { name: "package/package.json/x" }), "document_hidden"],
  ["another top folder", archive(GOOD, { name: "evil/package.json", data: EVIL }), "entry_outside"],
  ["no top folder", archive(GOOD, { name: "package.json", data: EVIL }), "entry_outside"],
  ["a file as top folder", archive({ name: "package" }, GOOD), "entry_outside"],
  ["a longer top folder", archive(GOOD, { name: "packages/package.json", data: EVIL }), "entry_outside"],
  ["no document", archive(OTHER), "document_missing"],
  ["a folder as document", archive({ name: "package/package.json", type: "5" }), "document_missing"],
  [
    "a pax header",
    archive({ name: "x", type: "x", data: pax("path", "package/package.json") }, OTHER, GOOD),
    "entry_kind",
  ],
  ["a pax header for all", archive({ name: "x", type: "g", data: pax("path", "a/b") }, GOOD), "entry_kind"],
  ["a GNU long name", archive({ name: "././@LongLink", type: "L", data: "package/x\0" }, GOOD), "entry_kind"],
  ["a GNU long link", archive({ name: "././@LongLink", type: "K", data: "package/x\0" }, GOOD), "entry_kind"],
  ["a symbolic link", archive(GOOD, { name: "package/x", type: "2", link: "package.json" }), "entry_kind"],
  ["a hard link", archive(GOOD, { name: "package/x", type: "1", link: "package/package.json" }), "entry_kind"],
  ["a device", archive(GOOD, { name: "package/x", type: "3" }), "entry_kind"],
  ["a sparse file", archive(GOOD, { name: "package/x", type: "S" }), "entry_kind"],
  ["an old file", archive({ ...GOOD, type: "\0" }), "entry_kind"],
  ["a file with a link name", archive({ ...GOOD, link: "x" }), "entry_kind"],
  ["GNU's own magic", archive({ ...GOOD, magic: "ustar  \0" }), "header"],
  ["no magic", archive({ ...GOOD, magic: "" }), "header"],
  ["bytes behind the prefix field", archive({ ...GOOD, tail: "x" }), "header"],
  ["another checksum", archive({ ...GOOD, sum: "000001 " }), "header_checksum"],
  ["no checksum", archive({ ...GOOD, sum: "" }), "header_checksum"],
  ["a size with a sign", archive({ ...GOOD, size: "-0000000046 " }), "header"],
  ["a size after spaces", archive({ ...GOOD, size: "        46 " }), "header"],
  ["a size that is no number", archive({ ...GOOD, size: "0000000099 " }), "header"],
  ["a size without an end", archive({ ...GOOD, size: "000000000046" }), "header"],
  ["a size past the end", archive({ ...GOOD, size: "0000777777 " }), "cut_off"],
  ["a folder with a size", archive({ name: "package/x", type: "5", data: "x".repeat(512) }, GOOD), "header"],
  ["bytes in the padding", archive({ ...GOOD, pad: "x" }), "padding"],
  ["no end", entry(GOOD), "end"],
  ["half an end", Buffer.concat([entry(GOOD), Buffer.alloc(512)]), "end"],
  ["an entry behind the end", Buffer.concat([archive(GOOD), entry({ ...GOOD, data: EVIL }), END]), "end"],
  ["an entry behind half an end", Buffer.concat([entry(GOOD), Buffer.alloc(512), entry(OTHER), END]), "end"],
  ["half a block", Buffer.concat([archive(GOOD), Buffer.alloc(100)]), "cut_off"],
  ["a document that is no JSON", archive({ ...GOOD, data: "{" }), "document_not_json"],
  ["a document that is a list", archive({ ...GOOD, data: "[]" }), "document_not_json"],
  ["a document with a member twice", archive({ ...GOOD, data: '{"name":"a","name":"b"}' }), "document_not_json"],
  ["a document with a byte order mark", archive({ ...GOOD, data: `\uFEFF${DOCUMENT}` }), "document_not_json"],
];

test("[archive.tar-one-reading] every archive in which another reader could find another document is refused, each for its reason", () => {
  for (const [what, tar, fault] of TARS) assert.equal(faultOfTar(tar), fault, what);
  const many = Array.from({ length: 30_000 }, (_none, at) => ({ name: `package/${at}`, type: "5" }));
  const large = readArchive(packed(archive(...many)), { ...SPEC, maxUnpacked: 50_000_000 }, inflate);
  assert.equal(large.ok ? "read" : large.error, "too_many_entries");
});

const nameText = fc.constantFrom(
  ...["package/package.json", "package.json", "package/x", "x/package.json", "./package/package.json", "package"],
  ...["package/package.json/", "package/Package.json", "package//package.json", "package/package.json\0.txt", ""],
);
const rawEntry: fc.Arbitrary<RawEntry> = fc.record(
  {
    name: nameText,
    prefix: fc.constantFrom("", "package", "x", `package/${"a".repeat(125)}`, "package\0x"),
    data: fc.constantFrom(DOCUMENT, EVIL, "", pax("path", "package/package.json"), pax("size", "3"), "a".repeat(600)),
    type: fc.constantFrom("0", "0", "0", "5", "\0", "x", "g", "L", "1", "2", "7", "S"),
    size: fc.constantFrom("0000000046 ", "46 ", "0000001000 ", " 46", "\x80\0\0\0\0\0\0\0\0\0\0\x26", "0"),
    magic: fc.constantFrom("ustar\x0000", "ustar  \0", ""),
    pad: fc.constantFrom("", "\0x"),
  },
  { requiredKeys: ["name"] },
);
const plainEntry = fc.nat(30).map((at): RawEntry => ({ name: `package/${at}.js`, data: "x".repeat(at * 50) }));
const others = fc.array(fc.oneof({ weight: 3, arbitrary: plainEntry }, { weight: 1, arbitrary: rawEntry }), {
  maxLength: 4,
});
const withDocument = fc.tuple(others, fc.nat(4)).map(([rest, at]) => rest.toSpliced(at, 0, GOOD));
const damage = fc.option(fc.record({ at: fc.nat(4_096), byte: fc.integer({ min: 0, max: 255 }) }), { nil: undefined });
const trailing = fc.constantFrom(
  Buffer.alloc(0),
  Buffer.alloc(0),
  Buffer.from("x"),
  gzipSync(archive(GOOD)),
  gzipSync(""),
);

test("[archive.one-document] whatever archive is read, tar finds in it the same one document", () => {
  let accepted = 0;
  const property = fc.property(
    withDocument,
    fc.constantFrom(END, END, END, Buffer.alloc(512), Buffer.alloc(0), Buffer.concat([END, entry(GOOD), END])),
    damage,
    trailing,
    (entries, end, hit, behind) => {
      const tar = Buffer.concat([...entries.map(entry), end]);
      if (hit !== undefined && hit.at < tar.length) tar[hit.at] = hit.byte;
      const bytes = Buffer.concat([gzipSync(tar, { level: 1 }), behind]);
      const read = readArchive(bytes.toString("base64"), SPEC, inflate);
      if (!read.ok) return;
      accepted++;
      const found = installed(bytes);
      assert.equal(found.length, 1);
      assert.deepEqual(JSON.parse(found[0] ?? ""), { ...read.value.document });
    },
  );
  fc.assert(property, { numRuns: 6_000 });
  assert.ok(accepted > 200, `${accepted} accepted`);
});
