import type { ServerResponse } from "node:http";
import { REFUSALS, type Refusal } from "@remit/core";

/** Sends JSON that no one may keep. */
export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    pragma: "no-cache",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(text);
}

/** The one place where a refusal becomes an OAuth error (RFC 6749 5.2). Callers without a name learn only the standard's word. */
export function sendRefusal(
  response: ServerResponse,
  refusal: Refusal,
  decision: string,
  docs: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const row = REFUSALS[refusal.code];
  const code = row.error === "invalid_client" ? "client_assertion_invalid" : refusal.code;
  const retry = row.status === 503 ? { "retry-after": "1" } : {};
  const challenge = row.status === 401 ? { "www-authenticate": `DPoP error="${row.error}", algs="ES256 EdDSA"` } : {};
  const body = {
    error: row.error,
    error_description: row.text,
    remit: { code, decision, docs: `${docs}#${code}` },
  };
  send(response, row.status, body, { ...retry, ...challenge, ...headers });
}
