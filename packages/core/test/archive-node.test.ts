import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import { archiveOpener } from "../src/archive/open.ts";
import { nameOperation, NO_PRIMITIVES } from "../src/call/name-operation.ts";
import { route } from "../src/call/route.ts";
import { readHead } from "../src/http-head.ts";
import { readJson } from "../src/json/read.ts";
import { changedShop, shop } from "./support/shop.ts";
import { archive, inflate } from "./support/tarball.ts";

const digest = (algorithm: "sha512" | "sha1", bytes: Uint8Array): Uint8Array =>
  createHash(algorithm).update(bytes).digest();
const primitives = { openArchive: archiveOpener({ inflate, digest }) };
const node = {
  ...{ kind: "archive", format: "tar.gz", max: 9_999, document: "package/package.json", same: { "/name": "{record}" } },
  gives: { "/sha512": "sha512", "/sha1": "sha1", "/size": "size" },
};
const connector = shop(
  changedShop("types item operations release body root members", { file: { node, absent: { rule: "refuse" } } }),
);

function named(bytes: Uint8Array, means: typeof NO_PRIMITIVES = primitives): ReturnType<typeof nameOperation> {
  const head = readHead({ method: "PUT", url: "/shelves/7/items/42", rawHeaders: ["Host", "gw.example"] });
  const body = readJson(JSON.stringify({ file: Buffer.from(bytes).toString("base64") }));
  assert.ok(head.ok && body.ok);
  const candidates = route(connector, "PUT", head.value.segments).filter(({ spec }) => spec.name === "release");
  return nameOperation(
    candidates,
    { name: "shop", location: "https://gw.example/r/shop" },
    head.value,
    body.value,
    means,
  );
}

const packed = (name: string): Buffer =>
  gzipSync(archive({ name: "package/package.json", data: JSON.stringify({ name }) }));

test("[archive.node] an archive that says what was decided gives its digests and its size; another one, or one that nobody can open, is refused", () => {
  const bytes = packed("7/42");
  const good = named(bytes);
  assert.ok(good.ok, good.ok ? "" : good.error.detail);
  assert.deepEqual(good.value.operation.members, {
    "/sha512": createHash("sha512").update(bytes).digest("base64"),
    "/sha1": createHash("sha1").update(bytes).digest("hex"),
    "/size": String(bytes.length),
  });
  const refused = [
    [named(packed("7/43")), /says something else/],
    [named(gzipSync("")), /is not an archive of one reading/],
    [named(bytes, NO_PRIMITIVES), /is not an archive of one reading/],
  ] as const;
  for (const [result, says] of refused) {
    assert.equal(result.ok ? "named" : result.error.code, "body_refused");
    assert.match(result.ok ? "" : result.error.detail, says);
  }
});
