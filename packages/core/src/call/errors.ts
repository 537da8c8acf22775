import type { Entry } from "../authority/entry.ts";
import type { Connector } from "../connector/connector.ts";
import { atPointer } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";

const CODES: Readonly<Record<number, string>> = {
  400: "rejected",
  404: "not_found",
  409: "conflict",
  410: "not_found",
  412: "precondition_failed",
  422: "rejected",
  429: "rate_limited",
};

/** An upstream error as a code: nothing of its text is passed on, except the names of granted fields that it complains about. */
export function mapUpstreamError(
  connector: Connector,
  status: number,
  body: Json | undefined,
  entry: Entry,
): { readonly status: number; readonly body: JsonObject } {
  const code = CODES[status] ?? "upstream_refused";
  const granted = (name: string): boolean => entry.fields.read.includes(name) || entry.fields.write.includes(name);
  const fields = [...new Set(complaints(connector.errors, body).filter(granted))];
  const outward = CODES[status] === undefined ? 502 : status;
  return { status: outward, body: { error: "upstream", upstream: { status, code, fields } } };
}

/** The names of fields that an error speaks of, where the API has a place for them. */
function complaints(errors: Connector["errors"], body: Json | undefined): readonly string[] {
  if (errors === undefined || body === undefined) return [];
  if ("keys" in errors) {
    const found = atPointer(body, errors.keys);
    return isJsonObject(found) ? Object.keys(found) : [];
  }
  const found = atPointer(body, errors.list);
  const names = Array.isArray(found) ? found.map((item: Json) => atPointer(item, errors.name)) : [];
  return names.filter((name) => typeof name === "string");
}

/** Whether the API says that there were too many calls, and for how many seconds. */
export function rateLimited(
  { rateLimit }: Connector,
  status: number,
  header: (name: string) => string | undefined,
): { readonly retryAfter: number | undefined } | undefined {
  if (rateLimit === undefined || !rateLimit.status.includes(status)) return undefined;
  const { when, retryAfter } = rateLimit;
  const told = retryAfter === undefined ? undefined : header(retryAfter);
  // a status that says more than one thing counts where something else says so too
  if (when !== undefined && header(when.header) !== when.is && told === undefined) return undefined;
  return { retryAfter: told !== undefined && /^[0-9]{1,5}$/.test(told) ? Number(told) : undefined };
}
