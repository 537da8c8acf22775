import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthority } from "../src/authority/parse.ts";
import { proveRecord } from "../src/call/prove.ts";
import type { Json } from "../src/json/read.ts";
import { refuse } from "../src/refusal.ts";
import { ok } from "../src/result.ts";
import { shop } from "./support/shop.ts";

const connector = shop();
const location = "https://gw.example/r/shop";
const { item } = connector.types;
if (item === undefined) throw new Error("the shop has items");
const known = { location, connector, recordType: item };
const outside = refuse("record_not_granted", "outside");

/** Shelf 8 is there and is not granted; shelf 9 and item 43 of the granted one are not there. */
const SHOP: Readonly<Record<string, Json>> = {
  "/shelves/7": { id: 7, name: "books" },
  "/by-name/books": { id: 7, name: "books" },
  "/shelves/7/items/42": { number: 42, title: "granted" },
  "/shelves/8": { id: 8, name: "vault" },
  "/by-name/vault": { id: 8, name: "vault" },
  "/shelves/8/items/42": { number: 42, title: "UNGRANTED" },
};

/** The identifier that is proven, or the code of the refusal, and what was asked for it. */
async function prove(named: string): Promise<readonly [said: string, asked: readonly string[]]> {
  const entry = { type: "shop.item", locations: [location], actions: ["read"], fields: { read: [], write: [] } };
  const within = { type: "shelf", identifier: "7", alias: "books" };
  const read = parseAuthority(
    [
      { ...entry, within },
      { ...entry, identifier: "8/1", alias: "vault#1" },
    ],
    () => known,
  );
  if (!read.ok) throw new Error(read.error.detail);
  const asked: string[] = [];
  const terms = { connector, resource: { name: "shop", location }, authority: read.value };
  const proof = await proveRecord(terms, { type: item as NonNullable<typeof item>, named, outside }, async (target) => {
    asked.push(target);
    const body = SHOP[target];
    return Promise.resolve(ok({ status: body === undefined ? 404 : 200, etag: undefined, json: ok(body) }));
  });
  return [proof.ok ? proof.value.id : proof.error.code, asked];
}

test("[within.no-existence-oracle] a record whose name says its parent is not asked for in another parent, so that the number of requests tells nothing of it", async () => {
  assert.deepEqual(await prove("7/42"), ["7/42", ["/shelves/7", "/shelves/7/items/42"]]);
  assert.deepEqual(await prove("books#42"), ["7/42", ["/by-name/books", "/shelves/7/items/42"]]);
  // an identifier says the parent itself
  for (const named of ["8/42", "9/42"]) assert.deepEqual(await prove(named), ["record_not_granted", []], named);
  // the name of a parent says nothing before it is read, and then it is as far as anything is read
  assert.deepEqual(await prove("vault#42"), ["record_not_granted", ["/by-name/vault"]]);
  assert.deepEqual(await prove("nowhere#42"), ["record_not_granted", ["/by-name/nowhere"]]);
  assert.deepEqual(await prove("7/43"), ["record_not_granted", ["/shelves/7", "/shelves/7/items/43"]]);
});
