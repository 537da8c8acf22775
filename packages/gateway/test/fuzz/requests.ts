import type { Random } from "./random.ts";

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

const RECORDS = [
  ...[
    "PROJ-42",
    "10442",
    "PROJ-43",
    "10443",
    "proj-42",
    "PROJ-042",
    "010442",
    "+10442",
    "10442.0",
    "1e4442",
    "PROJ-42 ",
  ],
  ...[
    "OPS-1",
    "*",
    "PROJ-42,PROJ-43",
    "10442%00",
    "%31%30%34%34%32",
    "PROJ%2D42",
    "１０４４２",
    "-1",
    "0",
    "10442/10443",
  ],
];
const DOORS = [
  ...["", "/transitions", "/comment", "/comment/1", "/worklog", "/assignee", "/watchers", "/notify", "/editmeta"],
  ...["/properties/x", "/changelog", "/attachments", "/votes", "/remotelink", "/transitions/31", "/.json", ".json"],
];
const FAMILIES = [
  ...["/rest/api/3", "/rest/api/2", "/rest/api/latest", "/rest/agile/1.0", "/rest/servicedeskapi", "/REST/api/3"],
  ...["/rest/api/3.0", "/rest//api/3", "/rest/api/03", "/gateway/api"],
];
const PLACES = [
  ...["/search", "/search/jql", "/issue/bulkfetch", "/bulk/issues/fields", "/attachment/content/1", "/attachment/1"],
  ...["/issue/picker", "/jql/match", "/webhook", "/user", "/issue", "/issueLink", "/expression/eval", "/myself"],
];
const PIECES = [
  ...[
    "/../",
    "/./",
    "/..",
    "/%2e%2e/",
    "/.%2E/",
    "%2f..%2f",
    "%2F",
    "%5c",
    "\\",
    "//",
    ";x=1",
    ";/../",
    "%00",
    "%0a",
    "%0d%0a",
  ],
  ...[
    "\t",
    "%20",
    "%09",
    "%25",
    "%252e%252e%252f",
    "%c0%af",
    "%e0%80%ae",
    "#",
    "?",
    "&",
    "%3f",
    "%23",
    ".",
    "..",
    "…",
    "%u002e",
  ],
];
const QUERIES = [
  ...["fields=summary", "fields=status,priority", "fields=summary&fields=status", "fields=*all", "fields=description"],
  ...["fields=assignee", "expand=versionedRepresentations", "expand=changelog", "properties=*all", "returnIssue=true"],
  ...[
    "notifyUsers=false",
    "_method=PUT",
    "X-HTTP-Method-Override=PUT",
    "fields%5B%5D=summary",
    "fields=summary%2Cassignee",
  ],
  ...[
    "fields=",
    "fields",
    "=x",
    "fields=summary;expand=changelog",
    "a=1&a=2",
    "fields=%00",
    "fields=summary%26expand=x",
  ],
  ...["updateHistory=true", "overrideScreenSecurity=true", "failFast=true", "fieldsByKeys=true", "__proto__=x"],
];
const HEADERS: readonly (readonly [string, string])[] = [
  ...([
    ["X-HTTP-Method-Override", "DELETE"],
    ["X-Original-URL", "/rest/api/3/issue/10443"],
    ["X-Rewrite-URL", "/x"],
  ] as const),
  ...([
    ["Transfer-Encoding", "chunked"],
    ["Transfer-Encoding", "identity"],
    ["Content-Length", "4"],
  ] as const),
  ...([
    ["Content-Length", "999"],
    ["Connection", "authorization"],
    ["Expect", "100-continue"],
    ["Upgrade", "h2c"],
  ] as const),
  ...([
    ["Host", "evil"],
    ["Cookie", "fuzzed=1"],
    ["Range", "bytes=0-1"],
    ["Accept", "text/fuzzed"],
    ["TE", "trailers"],
  ] as const),
  ...([
    ["If-Match", "fuzzed"],
    ["Idempotency-Key", "fuzzed"],
    ["X-Forwarded-Host", "fuzzed"],
    ["Origin", "https://fuzzed"],
  ] as const),
  ...([
    ["Content-Type", "application/x-www-form-urlencoded"],
    ["Content-Type", "application/json; charset=utf-16"],
  ] as const),
  ...([
    ["Content-Encoding", "gzip"],
    ["X-Atlassian-Token", "fuzzed"],
    ["Authorization", "Basic ZnV6emVk"],
  ] as const),
  ...([
    ["X Fuzzed", "a"],
    ["X-Fuzzed", "a\u0001b"],
    ["Proxy-Authorization", "fuzzed"],
    ["Trailer", "X-Fuzzed"],
  ] as const),
];
const BODIES = [
  '{"fields":{"priority":{"name":"High"}}}',
  '{"transition":{"id":"31"}}',
  '{"transition":{"id":"41"}}',
  '{"fields":{"summary":"fuzzed"}}',
  '{"fields":{"assignee":{"accountId":"fuzzed"}}}',
  '{"update":{"labels":[{"add":"fuzzed"}]}}',
  '{"fields":{"priority":{"name":"High"}},"update":{"comment":[{"add":{"body":"fuzzed"}}]}}',
  '{"transition":{"id":"31"},"fields":{"assignee":{"accountId":"fuzzed"}}}',
  '{"body":"fuzzed"}',
];
const SPLICES = [
  ...[
    '"fields":{"assignee":{"accountId":"fuzzed"}},',
    '"__proto__":{"x":"fuzzed"},',
    '"fi\\u0065lds":{"summary":"fuzzed"},',
  ],
  ...[
    '"constructor":1,',
    "\u0000",
    "\ufeff",
    "//fuzzed\n",
    "NaN,",
    "1e400,",
    '"\\ud800":1,',
    ",",
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
  ],
];

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
