import { createPrivateKey, type KeyObject } from "node:crypto";
import { type Json, Secret } from "@remit/core";
import type { Injection, OauthRefresh } from "./injection.ts";

/** What a connection by refresh token keeps sealed. */
export interface RefreshSecrets {
  readonly refreshToken: string;
  readonly clientSecret: string | undefined;
}

const PRINTABLE = /^[\u0021-\u007e]{6,16384}$/;

/** Reads the secrets of a connection into the one text that is sealed; what is no secret says what is wrong, without quoting. */
export function readSecrets(
  inject: Injection,
  secret: Json | undefined,
  clientSecret: Json | undefined,
): Secret<string> | string {
  if (inject.form !== "oauth_refresh" && clientSecret !== undefined) return `\`${inject.form}\` takes no client_secret`;
  if (inject.form === "signed") return readPrivateKey(secret);
  if (typeof secret !== "string" || !PRINTABLE.test(secret)) return "the secret is 6 or more printable characters";
  return inject.form === "oauth_refresh" ? readRefresh(inject, secret, clientSecret) : new Secret(secret);
}

function readRefresh(
  { clientAuth }: OauthRefresh,
  refreshToken: string,
  clientSecret: Json | undefined,
): Secret<string> | string {
  if (clientAuth === "none")
    return clientSecret === undefined
      ? sealedRefresh({ refreshToken, clientSecret })
      : "a public client (client_auth none) has no client_secret";
  if (typeof clientSecret !== "string" || !PRINTABLE.test(clientSecret))
    return "the client_secret is 6 or more printable characters";
  return sealedRefresh({ refreshToken, clientSecret });
}

/** The text that is sealed for a connection by refresh token. */
export const sealedRefresh = ({ refreshToken, clientSecret }: RefreshSecrets): Secret<string> =>
  new Secret(JSON.stringify([refreshToken, ...(clientSecret === undefined ? [] : [clientSecret])]));

/** Reads that text. */
export function openedRefresh(sealed: Secret<string>): RefreshSecrets {
  // what sealedRefresh wrote
  const [refreshToken = "", clientSecret] = JSON.parse(sealed.reveal()) as readonly string[];
  return { refreshToken, clientSecret };
}

function readPrivateKey(pem: Json | undefined): Secret<string> | string {
  if (typeof pem !== "string" || pem.length > 16_384) return "the secret is a private key as PEM";
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // what OpenSSL says of a key may quote it
    return "the secret is a private key as PEM, not encrypted by a password";
  }
  return signingAlgorithm(key) === undefined
    ? "the private key is RSA of 2048 or more bits (RS256) or P-256 (ES256)"
    : new Secret(pem);
}

/** The one algorithm of a key; undefined: it is not one that assertions are signed with. */
export function signingAlgorithm({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): "RS256" | "ES256" | undefined {
  if (asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return "RS256";
  return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1" ? "ES256" : undefined;
}
