import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseConnector } from "../src/connector/parse.ts";
import { printSpelled, readSpelled, type Spelling } from "../src/connector/spelling.ts";
import { matchTemplate, printTemplate, readTemplate } from "../src/connector/template.ts";
import type { Json } from "../src/json/read.ts";
import { changedShop, sha256, shop } from "./support/shop.ts";

const ITEM = "types item";
const OPS = `${ITEM} operations`;

test("[connector.language] what does not fit together, or would leave something undecided, is refused with its place", () => {
  const rows: readonly (readonly [at: string, value: Json | undefined, says: RegExp])[] = [
    ["inject", ["cookie"], /inject\[0\]`: is one of/],
    ["headers", { authorization: "x" }, /headers\.authorization`: is not a header/],
    ["headers", { "X-A": "x" }, /is not a header/],
    ["headers", { "x-a": "a\nb" }, /printable/],
    ["accept", ["text/*"], /is a media type/],
    ["errors", { keys: "/a", list: "/b", name: "/c" }, /either `keys`/],
    ["environment files", { SHOP_RC: ["key={secret}"] }, /is a line in which/],
    ["environment files", { SHOP_RC: ["a\nb"] }, /is a line in which/],
    [
      "side_doors",
      [{ door: "PUT /shelves/{shelf}/items/{number}", reaches: "x" }],
      /side_doors\[0\]`: is an operation too/,
    ],
    ["side_doors", [{ door: "everything", reaches: "x" }], /is a method and a path/],
    ["shapes", { node: { kind: "ref", name: "node" } }, /is a shape of its own/],
    ["shapes", { other: { kind: "boolean" } }, /`node` is not a shape/],
    ["shapes node shapes text members type", { kind: "boolean" }, /says `type` itself/],
    [`${ITEM} identifier text`, "{shelf}{number}", /does not show where `shelf` ends/],
    [`${ITEM} identifier text`, "{shelf}0{number}", /does not show where `shelf` ends/],
    [`${ITEM} identifier text`, "{shelf}/{other}", /names each part once/],
    [`${ITEM} identifier parts number`, { pattern: "[0-9]{1,3}", segments: 40 }, /is from 1 to 32/],
    [`${ITEM} alias parts number`, "[0-9]{1,3}", /`number` is spelled otherwise/],
    [`${ITEM} parents shelf`, { part: "nope" }, /is a part of the identifier/],
    [`${ITEM} parents`, { nope: { part: "shelf" } }, /is not a type of this connector/],
    [`${ITEM} resolve steps`, [], /are one to four reads/],
    [`${ITEM} resolve steps 1 gives`, { "{number}": "/number", "{other}": "/x" }, /`other` is no part of a name/],
    [`${ITEM} resolve steps 1 gives`, {}, /no answer gives `number`/],
    [`${ITEM} resolve steps 0 paths`, ["/shelves/{secret}"], /`secret` is no part of a name/],
    [`${OPS} read path`, "/shelves/{shelf}", /is made of `\{record\}`, or of all parts of the identifier/],
    [`${OPS} read path`, "/by-name/{name}/{number}", /of all parts of the identifier/],
    [`${OPS} read path`, "/a/../b/{record}", /is a path of plain segments/],
    [`${OPS} read path`, "/a%2e/{record}", /is a path of plain segments/],
    [`${OPS} read accept`, ["/x/{name}"], /of all parts of the alias/],
    [
      `${OPS} read query page schema`,
      { kind: "array", max: 2, items: { kind: "boolean" } },
      /is a string, an integer or a boolean/,
    ],
    [`${OPS} read response is`, { "/gone": [] }, /is `absent` or a list/],
    [`${OPS} read response id`, {}, /says where the identifier is/],
    [`${OPS} read response id`, { "{name}": "/name" }, /`name` is no part of the identifier/],
    [`${OPS} read response keep`, { "/meta": { kind: "boolean" } }, /overlaps the fields/],
    [`${OPS} read list_of`, "shelf", /is `records` exactly where/],
    [`${OPS} list list_of`, "nope", /is not a parent of this type/],
    [`${OPS} list response keep`, { "/items/0": { kind: "boolean" } }, /holds the list/],
    [`${OPS} cover params file schema`, { kind: "string", max: 9 }, /is a string with a pattern or an enum/],
    [`${OPS} cover response types`, ["png"], /is no media type/],
    [`${OPS} edit body root members set node`, { kind: "fields", only: ["tags"] }, /is not a field that is written/],
    [`${OPS} edit body root members note needs`, "nope", /`nope` is not an action of this type/],
    [`${OPS} edit body limits`, { depth: 100 }, /is at most 64/],
    [`${OPS} edit body`, undefined, /is an operation already/],
    [`${OPS} move body root members other node type`, "nope", /is not a type with such a name/],
    [`${OPS} move body root members other node action`, "nope", /is not an action of `item`/],
    [`${OPS} move body root members other node role`, "record", /is a role besides/],
    [`${OPS} release body root members _id node text`, "{name}", /in which `\{record\}` or pointers/],
    [`${OPS} release body root members files node node as`, "/version", /takes `\/version` from two places/],
  ];
  for (const [at, value, says] of rows) {
    const read = parseConnector(changedShop(at, value), sha256);
    assert.match(read.ok ? "accepted" : read.error, says, `${at}: ${JSON.stringify(value)}`);
  }
  assert.equal(shop().name, "shop");
});

const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/).filter((text) => text !== "." && text !== "..");
const file: Spelling = {
  text: "{repository}:{path}@{ref}",
  parts: {
    repository: { patterns: ["[1-9][0-9]{0,8}"], segments: 1, never: [] },
    path: { patterns: ["[A-Za-z0-9._-]{1,12}"], segments: 4, never: [".github"] },
    ref: { patterns: ["[a-z]{1,9}", "[0-9]{2}"], segments: 1, never: [] },
  },
};
const fileParts = fc.record({
  repository: fc.integer({ min: 1, max: 999_999_999 }).map(String),
  path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join("/")),
  ref: fc.oneof(fc.stringMatching(/^[a-z]{1,9}$/), fc.stringMatching(/^[0-9]{2}$/)),
});

test("[connector.one-spelling] a name is read into exactly the parts that it was made of", () => {
  fc.assert(
    fc.property(fileParts, (parts) => {
      fc.pre(parts.path.split("/")[0]?.toLowerCase() !== ".github");
      const text = printSpelled(file.text, parts);
      assert.deepEqual(readSpelled(file, text ?? ""), { ...parts });
    }),
  );
  const no = ["7:a", "7:a@", ":a@x", "7:a@x ", "07:a@x", "7:../b@x", "7:a/./b@x", "7:a//b@x", "7:/a@x", "7:a/@x"];
  for (const text of [...no, "7:.github/w@x", "7:.GitHub/w@x", "7:a/b/c/d/e@x", "7:a@1", "7:a@xX", "7:a@x\n", ""])
    assert.equal(readSpelled(file, text), undefined, text);
  assert.ok(readSpelled(file, "7:a/.github@x") !== undefined, "only the first segment is never so");
});

test("[connector.one-spelling] a path is read in one spelling: what is printed of it is what was read", () => {
  const templates = ["/r/{repository}/contents/{path*}", "/{path%2f}", "/{path%2F}/-/{ref}", "/t/{repository}.json"];
  for (const text of templates) {
    const template = readTemplate(text);
    assert.ok(template !== undefined);
    fc.assert(
      fc.property(fileParts, fc.string(), (parts, noise) => {
        const path = printTemplate(template, parts) ?? "";
        const found = matchTemplate(template, path.slice(1).split("/"));
        assert.equal(found === undefined ? undefined : printTemplate(template, found), path);
        const other = matchTemplate(template, noise.split("/"));
        if (other !== undefined) assert.ok(Object.values(other).every((value) => value !== "" && !value.includes("%")));
      }),
    );
  }
  const scoped = readTemplate("/{path%2f}");
  assert.ok(scoped !== undefined);
  assert.deepEqual(matchTemplate(scoped, ["@a%2fb"]), { path: "@a/b" });
  for (const raw of [["@a%2Fb"], ["@a%252fb"], ["@a", "b"], ["%40a%2fb"], [""], ["a%00"]])
    assert.equal(matchTemplate(scoped, raw), undefined, raw.join("/"));
  for (const odd of ["x", "/a//b", "/{a}{b}", "/{a}/{a}", "/{a*}/{b*}", "/a b", "/a%2f", "/{A}", "/..", "/a?b"])
    assert.equal(readTemplate(odd), undefined, odd);
});
