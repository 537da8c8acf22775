import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  type JwsAlgorithm,
  makeId,
  type PublicJwk,
  readPublicJwk,
  Secret,
  thumbprint,
  type VerifySignature,
} from "@remit/core";
import { sha256 } from "../store/frontier.ts";
import { openWriter } from "../store/open.ts";
import { bytes, type Sql, sqlOf, text } from "../store/rows.ts";
import { verifierOf } from "./verify.ts";
import { open, seal, type SealKey, type SealPlace } from "./seal.ts";

/** What a key is for; each purpose has keys of its own. */
export type KeyPurpose = "token" | "feed" | "log" | "points_tls" | "root" | "personal";

/** A signing key of the broker, opened. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: JwsAlgorithm;
  readonly jwk: PublicJwk;
  readonly key: KeyObject;
  readonly sign: (input: string) => Uint8Array;
  /** Checks a signature made by this key. */
  readonly verify: VerifySignature;
}

/** The broker's keys, opened once at start. */
export interface Keyring {
  readonly token: SigningKey;
  readonly feed: SigningKey;
  readonly log: SigningKey;
  readonly pointsTls: SigningKey;
  /** Key of the HMACs that stand for personal values in the log. */
  readonly personal: Secret<Uint8Array>;
  readonly install: string;
  readonly firstStart: boolean;
  /** A value that this installation fixed at its first start. */
  held(name: string): string | undefined;
  /** Fixes a value, unless it is fixed already; returns what is. Only before the writer runs. */
  fixed(name: string, make: () => string): string;
}

const CURVES = {
  token: "ec",
  feed: "ec",
  log: "ed25519",
  points_tls: "ec",
  root: "ed25519",
} as const;

/** Opens the keys of a data folder, making those that are not there yet. The folder's lock must be held. */
export function openKeyring(data: string, sealKey: SealKey, nowMs: number): Keyring {
  const db = openWriter(data);
  try {
    const sql = sqlOf(db);
    const firstStart = sql.one("select 1 as there from key") === undefined;
    const signing = (purpose: "token" | "feed" | "log" | "points_tls"): SigningKey =>
      signingKey(ensureKey(sql, purpose, sealKey, nowMs));
    return {
      token: signing("token"),
      feed: signing("feed"),
      log: signing("log"),
      pointsTls: signing("points_tls"),
      personal: ensureSecret(sql, sealKey, nowMs),
      install: fix(sql, "install", () => makeId("iss", nowMs, randomBytes(10)).slice(4).toLowerCase()),
      firstStart,
      ...fixedValues(data, sql),
    };
  } finally {
    db.close();
  }
}

/** The values that are fixed already are read once; the database is opened again only to fix another. */
function fixedValues(data: string, sql: Sql): Pick<Keyring, "held" | "fixed"> {
  const values = new Map(sql.all("select name, value from meta").map((row) => [text(row, "name"), text(row, "value")]));
  return {
    held: (name) => values.get(name),
    fixed(name, make) {
      const value = values.get(name) ?? withSql(data, (fresh) => fix(fresh, name, make));
      values.set(name, value);
      return value;
    },
  };
}

function withSql<T>(data: string, use: (sql: Sql) => T): T {
  const db = openWriter(data);
  try {
    return use(sqlOf(db));
  } finally {
    db.close();
  }
}

function held(sql: Sql, name: string): string | undefined {
  const row = sql.one("select value from meta where name = ?", name);
  return row === undefined ? undefined : text(row, "value");
}

function fix(sql: Sql, name: string, make: () => string): string {
  const before = held(sql, name);
  if (before !== undefined) return before;
  const value = make();
  sql.run("insert into meta values (?, ?)", name, value);
  return value;
}

const placeOf = (id: string): SealPlace => ({
  tenant: "local",
  table: "key",
  id,
  column: "sealed",
  version: 1,
});

function ensureKey(sql: Sql, purpose: keyof typeof CURVES, sealKey: SealKey, nowMs: number): KeyObject {
  const held = sql.one("select id, sealed from key where purpose = ? order by created_ms desc limit 1", purpose);
  if (held !== undefined) {
    const pkcs8 = open(bytes(held, "sealed"), placeOf(text(held, "id")), sealKey);
    return createPrivateKey({ key: Buffer.from(pkcs8.reveal()), format: "der", type: "pkcs8" });
  }
  const { privateKey } =
    CURVES[purpose] === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  const { kid, jwk } = signingKey(privateKey);
  const sealed = seal(privateKey.export({ format: "der", type: "pkcs8" }), placeOf(kid), sealKey);
  sql.run("insert into key values (?, ?, ?, ?, ?)", kid, purpose, nowMs, JSON.stringify(jwk), sealed);
  return privateKey;
}

function ensureSecret(sql: Sql, sealKey: SealKey, nowMs: number): Secret<Uint8Array> {
  const held = sql.one("select id, sealed from key where purpose = 'personal' order by created_ms desc limit 1");
  if (held !== undefined) return open(bytes(held, "sealed"), placeOf(text(held, "id")), sealKey);
  const value = randomBytes(32);
  sql.run(
    "insert into key values ('personal', 'personal', ?, '', ?)",
    nowMs,
    seal(value, placeOf("personal"), sealKey),
  );
  return new Secret(new Uint8Array(value));
}

/** A signing key from its private half; its kid is its thumbprint. */
export function signingKey(key: KeyObject): SigningKey {
  const jwk = readPublicJwk(publicMembers(key));
  if (jwk === undefined) throw new RangeError("the key is neither P-256 nor Ed25519");
  const kid = thumbprint(jwk, sha256);
  const verify = verifierOf(jwk);
  if (jwk.kty === "OKP")
    return { kid, alg: "EdDSA", jwk, key, verify, sign: (input) => sign(null, Buffer.from(input), key) };
  const options = { key, dsaEncoding: "ieee-p1363" } as const;
  return {
    kid,
    alg: "ES256",
    jwk,
    key,
    verify,
    sign: (input) => sign("sha256", Buffer.from(input), options),
  };
}

function publicMembers(key: KeyObject): { readonly [name: string]: string } {
  const { kty, crv, x, y } = createPublicKey(key).export({ format: "jwk" });
  if (kty === undefined || crv === undefined || x === undefined) throw new RangeError("the key has no public members");
  return { kty, crv, x, ...(y === undefined ? {} : { y }) };
}
