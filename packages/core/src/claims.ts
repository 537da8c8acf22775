import { isId } from "./id.ts";
import { isJsonObject, type Json, type JsonObject } from "./json/read.ts";
import { err, ok, type Result } from "./result.ts";

/** Claims of an access token (RFC 9068, RFC 8693 4.1, RFC 9396 9.1), as Remit issues them. Times are seconds. */
export interface TokenClaims {
  readonly iss: string;
  /** Exactly one audience. */
  readonly aud: string;
  readonly sub: string;
  readonly sub_id: { readonly format: "iss_sub"; readonly iss: string; readonly sub: string };
  /** The presenter; anything nested in it is for the record and never decides. */
  readonly act: { readonly iss: string; readonly sub: string };
  readonly client_id: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly cnf: { readonly jkt: string };
  readonly task: string;
  readonly grants: readonly string[];
  readonly depth: { readonly left: number };
  /** Every id that this token depends on; one that is revoked ends it. */
  readonly live: readonly string[];
  /** Digest of the connector that the grant was made for. */
  readonly connector: string;
  readonly connection: string;
  /** Read with the enforcement point's own knowledge of types. */
  readonly authorization_details: Json;
}

/** A token longer than this is not issued. */
export const MAX_TOKEN_BYTES = 6_144;

const MAX_LIVE = 32;

/** Reads the claims of a token whose signature was checked; names the first claim that is not as it must be. */
export function readTokenClaims(json: JsonObject): Result<TokenClaims, string> {
  const { iss, aud, sub, sub_id, act, client_id, jti, cnf, task, grants, depth, live, connector, connection } = json;
  if (!isText(iss)) return err("iss");
  if (!isText(aud)) return err("aud");
  if (!isId("usr", sub) && !isId("wl", sub)) return err("sub");
  if (!isJsonObject(sub_id) || sub_id["format"] !== "iss_sub" || !isText(sub_id["iss"]) || !isText(sub_id["sub"]))
    return err("sub_id");
  if (!isJsonObject(act) || !isText(act["iss"]) || !isId("agt", act["sub"])) return err("act");
  if (!isText(client_id)) return err("client_id");
  if (!isId("tok", jti)) return err("jti");
  const times = readTimes(json);
  if (!times.ok) return times;
  if (!isJsonObject(cnf) || !isThumbprint(cnf["jkt"])) return err("cnf");
  if (!isId("tsk", task)) return err("task");
  if (!isTexts(grants) || grants.length === 0 || !grants.every((grant) => isId("grn", grant))) return err("grants");
  if (!isJsonObject(depth) || !isCount(depth["left"])) return err("depth");
  if (
    !isTexts(live) ||
    live.length > MAX_LIVE ||
    !live.includes(task) ||
    !grants.every((grant) => live.includes(grant))
  )
    return err("live");
  if (!isText(connector)) return err("connector");
  if (!isId("cnx", connection)) return err("connection");
  if (json["authorization_details"] === undefined) return err("authorization_details");
  return ok({
    ...{ iss, aud, sub, client_id, jti, task, grants, live, connector, connection, ...times.value },
    sub_id: { format: "iss_sub", iss: sub_id["iss"], sub: sub_id["sub"] },
    act: { iss: act["iss"], sub: act["sub"] },
    cnf: { jkt: cnf["jkt"] },
    depth: { left: depth["left"] },
    authorization_details: json["authorization_details"],
  });
}

function readTimes(json: JsonObject): Result<{ iat: number; nbf: number; exp: number }, string> {
  const { iat, nbf, exp } = json;
  if (!isCount(iat)) return err("iat");
  if (!isCount(nbf)) return err("nbf");
  if (!isCount(exp) || exp <= iat) return err("exp");
  return ok({ iat, nbf, exp });
}

const isText = (value: Json | undefined): value is string =>
  typeof value === "string" && value !== "" && value.length <= 2_048;
const isTexts = (value: Json | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((item: unknown) => typeof item === "string");
const isCount = (value: Json | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isThumbprint = (value: Json | undefined): value is string =>
  typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);

/** The claims as they are signed. */
export const printTokenClaims = (claims: TokenClaims): JsonObject => ({ ...claims });
