import type { Reached } from "../support/upstream.ts";

const HEADERS = [
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-length",
  "content-type",
  "host",
  "user-agent",
];
const FIELDS = ["priority", "status", "summary"];

/**
 * What is wrong with a request that reached the upstream under the grant of `details`; undefined: it is granted. Written
 * from the grant alone, with platform parsers, and knowing nothing of how the gateway decides.
 */
export function ungranted(reached: Reached, authorization: string): string | undefined {
  const { rawHeaders, url, method, body } = reached;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? "";
    if (!HEADERS.includes(name)) return `header ${name}`;
    if (name === "authorization" && rawHeaders[at + 1] !== authorization) return "another credential";
  }
  if (/fuzzed/i.test(url + rawHeaders.join("\n")) || body.includes("fuzzed")) return "bytes of the caller";
  const [path = "", query] = url.split("?");
  switch (`${method} ${path}`) {
    case "GET /rest/api/3/issue/10442":
      return fieldsFault(query);
    case "GET /rest/api/3/issue/10442/transitions":
      return query === undefined && body === "" ? undefined : "a query or body";
    case "PUT /rest/api/3/issue/10442":
      return query === undefined ? editFault(body) : "a query";
    case "POST /rest/api/3/issue/10442/transitions":
      return query === undefined && body === '{"transition":{"id":"31"}}' ? undefined : "another move";
    default:
      return "another operation";
  }
}

function fieldsFault(query: string | undefined): string | undefined {
  const parameters = [...new URLSearchParams(query ?? "")];
  const [[name, value] = ["", ""], ...more] = parameters;
  if (name !== "fields" || more.length > 0) return "another query";
  return value.split(",").every((field) => FIELDS.includes(field)) ? undefined : "another field";
}

function editFault(body: string): string | undefined {
  const read: unknown = JSON.parse(body);
  const only = (value: unknown, name: string): unknown =>
    typeof value === "object" && value !== null && Object.keys(value).join() === name
      ? (value as Readonly<Record<string, unknown>>)[name] // an object with exactly this member
      : undefined;
  const name = only(only(only(read, "fields"), "priority"), "name");
  return typeof name === "string" && name.length <= 64 && JSON.stringify(read) === body ? undefined : "another edit";
}
