import { createPublicKey, type KeyObject } from "node:crypto";
import { isJsonObject, type Json, type JsonObject, type JwsAlgorithm } from "@remit/core";
import type { TrustedIssuer } from "../config/model.ts";
import { fetchJson } from "./fetch-json.ts";

/** Finds the key of a trusted issuer that a token names. Asks the issuer at most once per cool-down. */
export interface IssuerKeys {
  find(issuer: TrustedIssuer, kid: string | undefined, alg: JwsAlgorithm): Promise<KeyObject | undefined>;
}

interface Held {
  readonly keys: ReadonlyMap<string, { readonly key: KeyObject; readonly algs: readonly JwsAlgorithm[] }>;
  readonly atMs: number;
}

const COOL_DOWN_MS = 30_000;
const FRESH_MS = 600_000;
const MAX_METADATA = 262_144;
const MAX_JWKS = 65_536;
const MAX_KEYS = 32;

/** Makes the memory of issuers' keys, one entry an issuer. */
export function createIssuerKeys(now: () => number): IssuerKeys {
  const held = new Map<string, Held>();
  const loading = new Map<string, Promise<Held>>();
  const load = async (issuer: TrustedIssuer): Promise<Held> => {
    const running = loading.get(issuer.issuer);
    if (running !== undefined) return running;
    const started = fetchKeys(issuer, now());
    loading.set(issuer.issuer, started);
    try {
      const fresh = await started;
      held.set(issuer.issuer, fresh);
      return fresh;
    } finally {
      loading.delete(issuer.issuer);
    }
  };
  return {
    async find(issuer, kid, alg) {
      const before = held.get(issuer.issuer);
      const known = before === undefined ? undefined : pick(before, kid, alg);
      if (before !== undefined && known !== undefined && now() - before.atMs < FRESH_MS) return known;
      if (before !== undefined && now() - before.atMs < COOL_DOWN_MS) return known;
      return pick(await load(issuer), kid, alg);
    },
  };
}

function pick(held: Held, kid: string | undefined, alg: JwsAlgorithm): KeyObject | undefined {
  const [only, ...others] = held.keys.values();
  const found = kid === undefined ? (others.length === 0 ? only : undefined) : held.keys.get(kid);
  return found?.algs.includes(alg) === true ? found.key : undefined;
}

async function fetchKeys(issuer: TrustedIssuer, nowMs: number): Promise<Held> {
  const metadata = await fetchJson(
    new URL(`${issuer.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`),
    MAX_METADATA,
  );
  if (metadata["issuer"] !== issuer.issuer)
    throw new Error(`the metadata of \`${issuer.issuer}\` names another issuer`);
  const { jwks_uri } = metadata;
  if (typeof jwks_uri !== "string" || !URL.canParse(jwks_uri))
    throw new Error(`the metadata of \`${issuer.issuer}\` names no keys`);
  const url = new URL(jwks_uri);
  if (url.protocol !== "https:" && url.origin !== new URL(issuer.issuer).origin)
    throw new Error(`the keys of \`${issuer.issuer}\` are neither at its origin nor behind https`);
  const { keys } = await fetchJson(url, MAX_JWKS);
  if (!Array.isArray(keys) || keys.length > MAX_KEYS)
    throw new Error(`the keys of \`${issuer.issuer}\` are not a list of at most ${MAX_KEYS}`);
  const read = (keys as readonly Json[]).map(readKey).filter((entry) => entry !== undefined);
  return { keys: new Map(read), atMs: nowMs };
}

/** A key serves only algorithms of its own kind, whatever a token's header says. */
const RSA: readonly JwsAlgorithm[] = ["RS256", "PS256"];
const ALGORITHM_OF: Readonly<Record<string, JwsAlgorithm>> = { "P-256": "ES256", Ed25519: "EdDSA" };

function readKey(jwk: Json): readonly [string, { key: KeyObject; algs: readonly JwsAlgorithm[] }] | undefined {
  if (!isJsonObject(jwk) || (jwk["use"] !== undefined && jwk["use"] !== "sig")) return undefined;
  const { kty, crv, kid, alg, n } = jwk;
  const small = kty === "RSA" && (typeof n !== "string" || n.length < 342);
  if (small || (kty !== "RSA" && !(typeof crv === "string" && Object.hasOwn(ALGORITHM_OF, crv)))) return undefined;
  const key = importKey(jwk);
  if (key === undefined) return undefined;
  const own = kty === "RSA" ? RSA : [ALGORITHM_OF[String(crv)]].filter((one) => one !== undefined);
  const algs = alg === undefined ? own : own.filter((one) => one === alg);
  return [typeof kid === "string" ? kid : "", { key, algs }];
}

/** One odd key must not take the issuer's other keys with it. */
function importKey(jwk: JsonObject): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: "jwk" });
  } catch {
    return undefined;
  }
}
