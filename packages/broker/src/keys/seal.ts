import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";
import { Secret } from "@remit/core";

/** Where a sealed value belongs; a value moved to another place does not open. */
export interface SealPlace {
  readonly tenant: string;
  readonly table: string;
  readonly id: string;
  readonly column: string;
  readonly version: number;
}

/** 32 bytes that open the store together with the data folder. */
export type SealKey = Secret<Uint8Array>;

const NONCE = 12;
const TAG = 16;
const WRAPPED = NONCE + 32 + TAG;

/** Reads the seal key: 32 bytes, readable by its owner only, outside the data folder. */
export function readSealKey(file: string, data: string): SealKey {
  const path = realpathSync(file);
  if (existsSync(data) && isInside(path, realpathSync(data)))
    throw new Error(
      `the seal key \`${file}\` is inside the data folder; move it elsewhere, because whoever copies the folder would have both`,
    );
  const { mode } = statSync(path);
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new Error(`the seal key \`${file}\` is readable by others; run \`chmod 600 ${file}\``);
  const bytes = readFileSync(path);
  if (bytes.length !== 32) throw new Error(`the seal key \`${file}\` has ${bytes.length} bytes, not 32`);
  return new Secret(new Uint8Array(bytes));
}

/** Whether a real path lies in a real folder; a name that begins with two dots is a name. */
function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Seals a value under a data key of its own, which the seal key wraps (AES-256-GCM), bound to its place. */
export function seal(value: Uint8Array, place: SealPlace, key: SealKey): Uint8Array {
  const dataKey = randomBytes(32);
  return Buffer.concat([encrypt(dataKey, place, key.reveal(), "key"), encrypt(value, place, dataKey, "value")]);
}

/** Opens a sealed value; throws if anything about it or its place differs. */
export function open(sealed: Uint8Array, place: SealPlace, key: SealKey): Secret<Uint8Array> {
  const dataKey = decrypt(sealed.subarray(0, WRAPPED), place, key.reveal(), "key");
  return new Secret(decrypt(sealed.subarray(WRAPPED), place, dataKey, "value"));
}

const aad = (place: SealPlace, part: string): Buffer =>
  Buffer.from(JSON.stringify([part, place.tenant, place.table, place.id, place.column, place.version]));

function encrypt(value: Uint8Array, place: SealPlace, key: Uint8Array, part: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad(place, part));
  return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(sealed: Uint8Array, place: SealPlace, key: Uint8Array, part: string): Uint8Array {
  if (sealed.length < NONCE + TAG) throw new Error("a sealed value is cut short");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE)).setAAD(aad(place, part));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()]);
}
