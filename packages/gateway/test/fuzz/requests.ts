import type { Random } from "./random.ts";
import { BODIES, DOORS, FAMILIES, HEADERS, PIECES, PLACES, QUERIES, RECORDS, SPLICES } from "./words.ts";

/** A request as it is written to the socket, below the resource. */
export interface Attempt {
  readonly method: string;
  /** Path and query as they are written; what stands before them is the resource's. */
  readonly target: string;
  /** Written instead of resource and target, where the target itself is odd. */
  readonly whole?: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

/** Requests that the grant permits, each once. */
const RIGHT: readonly (readonly [method: string, target: string, body?: string])[] = [
  ["GET", "/rest/api/3/issue/PROJ-42"],
  ["GET", "/rest/api/3/issue/10442?fields=summary,status"],
  ["GET", "/rest/api/3/issue/PROJ-42/transitions"],
  ["PUT", "/rest/api/3/issue/10442", '{"fields":{"priority":{"name":"High"}}}'],
  ["POST", "/rest/api/3/issue/PROJ-42/transitions", '{"transition":{"id":"31"}}'],
];

/** A request near those that a grant for one ticket permits. */
export function attemptFrom(random: Random): Attempt {
  return random.oneIn(2) ? nearlyRight(random) : farOff(random);
}

/** A permitted request with one thing changed. */
function nearlyRight(random: Random): Attempt {
  const [method, target, body] = random.pick(RIGHT);
  const right = { method, target, headers: [], body };
  switch (random.below(6)) {
    case 0:
      return { ...right, target: mangledOnce(target, random) };
    case 1:
      return { ...right, target: `${target}${target.includes("?") ? "&" : "?"}${random.pick(QUERIES)}` };
    case 2:
      return { ...right, headers: [random.pick(HEADERS)] };
    case 3:
      return { ...right, method: random.pick(METHODS) };
    case 4:
      return { ...right, body: body === undefined ? random.pick(BODIES) : splicedOnce(body, random) };
    default:
      return { ...right, target: target.replace(/PROJ-42|10442/, random.pick(RECORDS)) };
  }
}

function farOff(random: Random): Attempt {
  const method = random.oneIn(3) ? random.pick(METHODS) : random.pick(["GET", "GET", "PUT", "POST"]);
  const target = mangled(pathFrom(random), random) + queryFrom(random);
  const withBody = method === "GET" ? random.oneIn(12) : !random.oneIn(6);
  const headers: (readonly [string, string])[] = [];
  while (random.oneIn(5)) headers.push(random.pick(HEADERS));
  return {
    ...{ method, target, headers, body: withBody ? bodyFrom(random) : undefined },
    ...(random.oneIn(40) ? { whole: random.pick(ODD_TARGETS) + target } : {}),
  };
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "Put", "LOCK", "PROPFIND"];
const ODD_TARGETS = [
  "http://evil",
  "//evil",
  "/r/jira-acme/../jira-acme",
  "/r//jira-acme",
  "/R/jira-acme",
  "/r/other",
  "*",
];

function pathFrom(random: Random): string {
  const family = random.oneIn(6) ? random.pick(FAMILIES) : "/rest/api/3";
  if (random.oneIn(8)) return family + random.pick(PLACES);
  const record = random.oneIn(3) ? random.pick(RECORDS) : random.pick(["PROJ-42", "10442"]);
  const door = random.oneIn(3) ? random.pick(DOORS) : random.pick(["", "", "/transitions"]);
  return `${family}/issue/${record}${door}`;
}

/** Changes a path in a few places, or in none. */
function mangled(path: string, random: Random): string {
  let changed = path;
  while (random.oneIn(4)) changed = mangledOnce(changed, random);
  return changed;
}

function mangledOnce(path: string, random: Random): string {
  const at = random.below(path.length + 1);
  switch (random.below(4)) {
    case 0:
      return path.slice(0, at) + random.pick(PIECES) + path.slice(at);
    case 1:
      return encodedAt(path, at, random);
    case 2:
      return path.slice(0, at) + path.slice(at + 1);
    default:
      return path.slice(0, at) + String.fromCharCode(random.below(256)) + path.slice(at);
  }
}

function encodedAt(path: string, at: number, random: Random): string {
  const code = path.codePointAt(at);
  if (code === undefined || code > 127) return path;
  const hex = code.toString(16).padStart(2, "0");
  return (
    path.slice(0, at) +
    (random.oneIn(2) ? "%" : "%25") +
    (random.oneIn(2) ? hex : hex.toUpperCase()) +
    path.slice(at + 1)
  );
}

function queryFrom(random: Random): string {
  if (!random.oneIn(3)) return "";
  const parts = [random.pick(QUERIES)];
  while (random.oneIn(3)) parts.push(random.pick(QUERIES));
  return mangled(`?${parts.join("&")}`, random);
}

function bodyFrom(random: Random): string {
  let body = random.pick(BODIES);
  while (random.oneIn(3)) body = splicedOnce(body, random);
  return random.oneIn(30) ? `${body}PUT /rest/api/3/issue/10443 HTTP/1.1\r\nHost: fuzzed\r\n\r\n` : body;
}

function splicedOnce(body: string, random: Random): string {
  const at = random.below(body.length + 1);
  if (random.oneIn(2)) return body.slice(0, at) + random.pick(SPLICES) + body.slice(at);
  if (random.oneIn(2)) return body.slice(0, at) + body.slice(at + 1 + random.below(4));
  return body.replace("High", random.pick(["Hi\\u0067h", "Low", "\\u0000", "High\\n", "x".repeat(100)]));
}
