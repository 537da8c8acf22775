import { concatBytes, equalBytes, type Sha256 } from "../bytes.ts";

/** Hash of a leaf (RFC 6962 2.1): SHA-256 of 0x00 and the record's bytes. */
export const leafHash = (record: Uint8Array, sha256: Sha256): Uint8Array => sha256(concatBytes(LEAF, record));

/** Hash of an inner node (RFC 6962 2.1): SHA-256 of 0x01 and both children. */
export const nodeHash = (left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array =>
  sha256(concatBytes(NODE, left, right));

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The right edge of a tree: roots of its complete subtrees, largest first. Enough to append and to know the root. */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, peaks: [] };

/** Appends one leaf hash. */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array, sha256: Sha256): Frontier {
  const peaks = [...frontier.peaks];
  let hash = leaf;
  for (let size = frontier.size; size % 2 === 1; size = Math.floor(size / 2)) {
    const left = peaks.pop();
    if (left === undefined) throw new RangeError("the frontier does not belong to its size");
    hash = nodeHash(left, hash, sha256);
  }
  return { size: frontier.size + 1, peaks: [...peaks, hash] };
}

/** Root of the tree (RFC 6962 2.1). */
export function rootOf(frontier: Frontier, sha256: Sha256): Uint8Array {
  const [last, ...higher] = frontier.peaks.toReversed();
  if (last === undefined) return sha256(new Uint8Array(0));
  return higher.reduce((right, left) => nodeHash(left, right, sha256), last);
}

/** Root over a list of leaf hashes, by the recursive definition. */
function rootOver(leaves: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return only;
  const split = splitOf(leaves.length);
  return nodeHash(rootOver(leaves.slice(0, split), sha256), rootOver(leaves.slice(split), sha256), sha256);
}

/** Largest power of two smaller than `size`. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Proof that leaf `index` is in the tree over these leaves (RFC 6962 2.1.1). */
export function inclusionProof(leaves: readonly Uint8Array[], index: number, sha256: Sha256): readonly Uint8Array[] {
  if (!isCount(index) || index >= leaves.length) throw new RangeError("no such leaf");
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(left, index, sha256), rootOver(right, sha256)]
    : [...inclusionProof(right, index - split, sha256), rootOver(left, sha256)];
}

/** Proof that the tree over the first `size` leaves is a prefix of the tree over all (RFC 6962 2.1.2). */
export function consistencyProof(leaves: readonly Uint8Array[], size: number, sha256: Sha256): readonly Uint8Array[] {
  if (!isCount(size) || size > leaves.length) throw new RangeError("no tree of that size");
  return size === 0 || size === leaves.length ? [] : subproof(leaves, size, true, sha256);
}

function subproof(leaves: readonly Uint8Array[], size: number, whole: boolean, sha256: Sha256): readonly Uint8Array[] {
  if (size === leaves.length) return whole ? [] : [rootOver(leaves, sha256)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...subproof(left, size, whole, sha256), rootOver(right, sha256)]
    : [...subproof(right, size - split, false, sha256), rootOver(left, sha256)];
}

/** Whether a proof shows that `leaf` is number `index` of the tree with this size and root. */
export function verifyInclusion(
  claim: {
    readonly leaf: Uint8Array;
    readonly index: number;
    readonly size: number;
    readonly root: Uint8Array;
    readonly proof: readonly Uint8Array[];
  },
  sha256: Sha256,
): boolean {
  if (!isCount(claim.index) || !isCount(claim.size) || claim.index >= claim.size) return false;
  let [node, last, hash] = [claim.index, claim.size - 1, claim.leaf];
  for (const sibling of claim.proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash, sha256);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling, sha256);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalBytes(hash, claim.root);
}

/** Whether a proof shows that the tree of `first` leaves is a prefix of the tree of `second` (RFC 9162 2.1.4.2). */
export function verifyConsistency(
  claim: {
    readonly first: number;
    readonly firstRoot: Uint8Array;
    readonly second: number;
    readonly secondRoot: Uint8Array;
    readonly proof: readonly Uint8Array[];
  },
  sha256: Sha256,
): boolean {
  const { first, second } = claim;
  if (!isCount(first) || !isCount(second) || first > second) return false;
  if (first === second) return claim.proof.length === 0 && equalBytes(claim.firstRoot, claim.secondRoot);
  if (first === 0) return claim.proof.length === 0 && equalBytes(claim.firstRoot, rootOf(EMPTY_FRONTIER, sha256));
  const proof = isPowerOfTwo(first) ? [claim.firstRoot, ...claim.proof] : [...claim.proof];
  const [seed, ...rest] = proof;
  if (seed === undefined) return false;
  let [node, last] = [first - 1, second - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  let [oldRoot, newRoot] = [seed, seed];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldRoot = nodeHash(sibling, oldRoot, sha256);
      newRoot = nodeHash(sibling, newRoot, sha256);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      newRoot = nodeHash(newRoot, sibling, sha256);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalBytes(oldRoot, claim.firstRoot) && equalBytes(newRoot, claim.secondRoot);
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Exact for every safe integer; the logarithm rounds beyond 2^47. */
const isPowerOfTwo = (value: number): boolean => (BigInt(value) & BigInt(value - 1)) === 0n;
