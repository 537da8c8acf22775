import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnector } from "../src/connector/parse.ts";
import type { Json } from "../src/json/read.ts";
import { changedShop, sha256 } from "./support/shop.ts";

const AT = "types item operations release body root members";
const archive = (more: { readonly [name: string]: Json } = {}): Json => ({
  ...{ kind: "archive", format: "tar.gz", max: 9_999, document: "package/package.json", same: {} },
  ...more,
});
const like = { document: "package/package.json", except: ["readme"] };
const member = (node: Json): Json => ({ node, absent: { rule: "refuse" } });

test("[connector.read-order] what is said to equal a value, an archive's digest or its document stands after it", () => {
  const rows: readonly (readonly [members: Json, says: RegExp | undefined])[] = [
    [{ a: member({ kind: "text", text: "{/b}" }) }, /`\/b` is not read before it is used/],
    [
      {
        a: member({ kind: "text", text: "{/b}" }),
        b: member({ kind: "value", schema: { kind: "string", max: 9 }, as: "/b" }),
      },
      /`\/b` is not read before it is used/,
    ],
    [
      {
        b: member({ kind: "value", schema: { kind: "string", max: 9 }, as: "/b" }),
        a: member({ kind: "text", text: "{/b}" }),
      },
      undefined,
    ],
    [
      { a: member({ kind: "entry", key: { text: "{/b}" }, node: { kind: "constant", value: 1 } }) },
      /`\/b` is not read/,
    ],
    [{ a: member({ kind: "link", path: "x/{/b}" }) }, /`\/b` is not read/],
    [{ a: member({ kind: "opaque", same: { "/x": "{/b}" } }) }, /`\/b` is not read/],
    [{ a: member({ kind: "opaque", like }) }, /`package\/package.json` is not read before it is used/],
    [{ a: member({ kind: "opaque", like }), b: member(archive()) }, /`package\/package.json` is not read/],
    [{ b: member(archive()), a: member({ kind: "opaque", like }) }, undefined],
    [{ b: member(archive({ gives: { "/b": "md5" } })) }, /is one of sha512, sha1, size/],
    [{ b: member(archive({ document: "package.json" })) }, /is a file in one folder/],
    [{ b: member(archive({ document: "../x/y" })) }, /is a file in one folder/],
    [{ b: member(archive({ gives: { "/b": "sha512" } })), a: member({ kind: "text", text: "{/b}" }) }, undefined],
    [
      { b: member(archive({ gives: { "/b": "sha512" } })), a: member(archive({ gives: { "/b": "sha512" } })) },
      /takes `\/b` from two places/,
    ],
  ];
  for (const [members, says] of rows) {
    const read = parseConnector(changedShop(AT, members), sha256);
    if (says === undefined) assert.ok(read.ok, read.ok ? "" : read.error);
    else assert.match(read.ok ? "read" : read.error, says);
  }
});
