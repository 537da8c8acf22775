import { type Refusal, REFUSALS } from "@remit/core";

/** `WWW-Authenticate` of a refusal (RFC 6750 3, RFC 9449 7.1, RFC 9728 5.1); undefined where none belongs. */
export function wwwAuthenticate(refusal: Refusal, metadataUrl: string): string | undefined {
  const row = REFUSALS[refusal.code];
  if (row.status !== 401 && row.status !== 403) return undefined;
  const error = row.error === "" ? [] : [`error="${row.error}"`];
  return `DPoP ${[...error, 'algs="ES256 EdDSA"', `resource_metadata="${metadataUrl}"`].join(", ")}`;
}
