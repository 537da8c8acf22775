import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  appendLeaf,
  consistencyProof,
  EMPTY_FRONTIER,
  type Frontier,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../src/audit/tree.ts";
import { concatBytes, toHex, utf8 } from "../src/bytes.ts";

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

const grow = (leaves: readonly Uint8Array[]): Frontier =>
  leaves.reduce((frontier, leaf) => appendLeaf(frontier, leaf, sha256), EMPTY_FRONTIER);

const numbered = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_none, n) => utf8(`record ${n}`));
const leavesOf = (records: readonly Uint8Array[]): readonly Uint8Array[] =>
  records.map((record) => leafHash(record, sha256));

test("[tree.rfc6962] the trees of the RFC's reference vectors have their published roots", () => {
  const records = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];
  const leaves = leavesOf(records.map((text) => new Uint8Array(Buffer.from(text, "hex"))));
  for (const [size, root] of roots.entries()) assert.equal(toHex(rootOf(grow(leaves.slice(0, size)), sha256)), root);
});

test("[tree.oracle] appending gives the root of the recursive definition, at every size", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 70 }), (records) => {
      const frontier = grow(leavesOf(records));
      assert.equal(frontier.size, records.length);
      assert.deepEqual(rootOf(frontier, sha256), naiveRoot(records));
    }),
  );
});

test("[tree.oracle] a frontier is never changed by appending to it", () => {
  const before = grow(leavesOf(numbered(7)));
  const root = rootOf(before, sha256);
  appendLeaf(before, sha256(utf8("x")), sha256);
  appendLeaf(before, sha256(utf8("y")), sha256);
  assert.deepEqual(rootOf(before, sha256), root);
});

test("[tree.inclusion] a proof shows its own leaf at its own place, and nothing else", () => {
  const records = numbered(20);
  for (let size = 1; size <= records.length; size++) {
    const leaves = leavesOf(records.slice(0, size));
    const root = naiveRoot(records.slice(0, size));
    for (const [index, leaf] of leaves.entries()) {
      const claim = { leaf, index, size, root, proof: inclusionProof(leaves, index, sha256) };
      assert.ok(verifyInclusion(claim, sha256));
      for (let other = 0; other < size; other++)
        if (other !== index) assert.equal(verifyInclusion({ ...claim, index: other }, sha256), false);
      assert.equal(verifyInclusion({ ...claim, leaf: sha256(leaf) }, sha256), false);
      assert.equal(verifyInclusion({ ...claim, proof: [...claim.proof, leaf] }, sha256), false);
      if (size > 1) assert.equal(verifyInclusion({ ...claim, proof: claim.proof.slice(1) }, sha256), false);
    }
  }
});

test("[tree.counts] indexes and sizes that are not counts prove nothing", () => {
  const leaves = leavesOf(numbered(8));
  const root = naiveRoot(numbered(8));
  const [leaf] = leaves;
  assert.ok(leaf !== undefined);
  const claim = { leaf, index: 0, size: 8, root, proof: inclusionProof(leaves, 0, sha256) };
  for (const index of [-1, -0.5, 0.5, NaN, 8, Infinity])
    assert.equal(verifyInclusion({ ...claim, index }, sha256), false, String(index));
  for (const size of [0, -8, 8.5, NaN, Infinity])
    assert.equal(verifyInclusion({ ...claim, size }, sha256), false, String(size));
  const proof = consistencyProof(leaves, 4, sha256);
  const firstRoot = naiveRoot(numbered(4));
  for (const first of [-4, 4.5, NaN, Infinity]) {
    const wrong = { first, firstRoot, second: 8, secondRoot: root, proof };
    assert.equal(verifyConsistency(wrong, sha256), false, String(first));
  }
  for (const index of [-1, 8, 0.5, NaN]) assert.throws(() => inclusionProof(leaves, index, sha256), RangeError);
  for (const size of [-1, 9, 0.5, NaN]) assert.throws(() => consistencyProof(leaves, size, sha256), RangeError);
});

test("[tree.consistency] a proof shows one prefix, and no other past is consistent with it", () => {
  const records = numbered(18);
  for (let second = 1; second <= records.length; second++) {
    const leaves = leavesOf(records.slice(0, second));
    const secondRoot = naiveRoot(records.slice(0, second));
    for (let first = 0; first <= second; first++) {
      const firstRoot = naiveRoot(records.slice(0, first));
      const claim = {
        first,
        firstRoot,
        second,
        secondRoot,
        proof: consistencyProof(leaves, first, sha256),
      };
      assert.ok(verifyConsistency(claim, sha256), `${first} of ${second}`);
      const forged = sha256(firstRoot);
      assert.equal(verifyConsistency({ ...claim, firstRoot: forged }, sha256), false, `${first} of ${second}`);
      // nothing at all is a prefix of every tree, so there only the other claims can be wrong
      if (first > 0)
        assert.equal(verifyConsistency({ ...claim, secondRoot: forged }, sha256), false, `${first} of ${second}`);
      assert.equal(verifyConsistency({ ...claim, proof: [...claim.proof, forged] }, sha256), false);
      for (let other = 0; other <= second; other++)
        if (other !== first) assert.equal(verifyConsistency({ ...claim, first: other }, sha256), false);
    }
  }
  const [a, b] = [naiveRoot(numbered(3)), naiveRoot(numbered(5))];
  const back = { first: 5, firstRoot: b, second: 3, secondRoot: a, proof: [] };
  assert.equal(verifyConsistency(back, sha256), false);
});

test("[tree.second-preimage] an inner node cannot be passed off as a leaf", () => {
  const records = numbered(2);
  const inner = concatBytes(...leavesOf(records));
  const forged = {
    leaf: leafHash(inner, sha256),
    index: 0,
    size: 1,
    root: rootOf(grow(leavesOf(records)), sha256),
    proof: [],
  };
  assert.equal(verifyInclusion(forged, sha256), false);
});
