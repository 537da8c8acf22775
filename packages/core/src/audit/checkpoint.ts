import { concatBytes, equalBytes, fromBase64, type Sha256, toBase64, utf8 } from "../bytes.ts";
import { err, ok, type Result } from "../result.ts";

/** Signed head of a log (C2SP tlog-checkpoint): its origin, how many records it has, and their root hash. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The public key of a log: Ed25519, 32 bytes, known under the log's name. */
export interface LogKey {
  readonly name: string;
  readonly key: Uint8Array;
}

export type CheckpointFault = "malformed" | "other_log" | "signature";

/** Ed25519, passed in. */
export type VerifyEd25519 = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const ED25519 = 0x01;

/** First four bytes of SHA-256 over name, newline, algorithm and key (C2SP signed-note). */
function keyId(key: LogKey, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(utf8(`${key.name}\n`), Uint8Array.of(ED25519), key.key)).subarray(0, 4);
}

const body = (checkpoint: Checkpoint): string =>
  `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;

const NAME = /^[^\s+]+$/;

/** Prints and signs a checkpoint as a signed note. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  key: LogKey,
  sign: (message: Uint8Array) => Uint8Array,
  sha256: Sha256,
): string {
  if (!NAME.test(key.name) || checkpoint.origin !== key.name)
    throw new RangeError("a log signs under its own name, without white space or plus signs");
  const text = body(checkpoint);
  const signature = concatBytes(keyId(key, sha256), sign(utf8(text)));
  return `${text}\n\u2014 ${key.name} ${toBase64(signature)}\n`;
}

const NOTE = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n\n((?:\u2014 [^\n ]+ [A-Za-z0-9+/=]+\n){1,16})$/;

/** Reads a checkpoint note and checks the signature of the log's own key; signatures of others are ignored. */
export function verifyCheckpoint(
  note: string,
  key: LogKey,
  verify: VerifyEd25519,
  sha256: Sha256,
): Result<Checkpoint, CheckpointFault> {
  const match = NOTE.exec(note);
  const [, origin, size, root, signatures] = match ?? [];
  const rootBytes = fromBase64(root ?? "");
  if (
    origin === undefined ||
    size === undefined ||
    signatures === undefined ||
    !Number.isSafeInteger(Number(size)) ||
    rootBytes?.length !== 32
  )
    return err("malformed");
  if (origin !== key.name) return err("other_log");
  const checkpoint: Checkpoint = { origin, size: Number(size), root: rootBytes };
  const id = keyId(key, sha256);
  for (const line of signatures.trimEnd().split("\n")) {
    const [, name, text] = line.split(" ");
    const bytes = fromBase64(text ?? "");
    if (name !== key.name || bytes === undefined || !equalBytes(bytes.subarray(0, 4), id)) continue;
    return verify(key.key, utf8(body(checkpoint)), bytes.subarray(4)) ? ok(checkpoint) : err("signature");
  }
  return err("signature");
}
