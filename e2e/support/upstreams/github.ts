import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isJsonObject, type Json } from "@remit/core";
import { type Repository, seed } from "./github-records.ts";
import { type Answer, answerIn, NOT_FOUND } from "./github-routes.ts";

/** One request as it arrived. */
export interface Arrived {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** An API that behaves as GitHub's does, with two repositories; it says what was done to which record. */
export interface FakeGithub extends AsyncDisposable {
  readonly origin: string;
  /** The one credential that it takes. */
  readonly key: string;
  readonly requests: readonly Arrived[];
  /** What was read and changed, in order, such as `changed issue 1001/7`. */
  readonly touched: readonly string[];
  readonly repositories: readonly Repository[];
  /** The repository of this id. */
  repository(id: number): Repository;
  /** Answers the next request with this, whatever it asks. */
  answerNext(answer: Answer): void;
}

const MOST_REQUESTS = 10_000;
const MOST_BYTES = 1_048_576;

/** Starts it on loopback. */
export async function fakeGithub(): Promise<FakeGithub> {
  const repositories = seed();
  const requests: Arrived[] = [];
  const touched: string[] = [];
  const planned: Answer[] = [];
  const key = randomBytes(24).toString("base64url");
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the upstream has no port");
  const origin = `http://127.0.0.1:${address.port}`;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const arrived = await read(request);
    if (requests.length >= MOST_REQUESTS) throw new Error("more requests than a test may make");
    requests.push(arrived);
    const note = (record: string): void => void touched.push(record);
    const instead = planned.shift();
    send(response, instead ?? (isKnown(arrived, key) ? answer(arrived, { repositories, origin, note }) : UNKNOWN));
  };
  return {
    ...{ origin, key, requests, touched, repositories },
    repository(id) {
      const found = repositories.find((one) => one.id === id);
      if (found === undefined) throw new Error(`no repository ${id}`);
      return found;
    },
    answerNext: (next) => void planned.push(next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const UNKNOWN: Answer = { status: 401, body: { message: "Bad credentials" } };

/** The key under any of the schemes that the API takes: `token`, `Bearer`, or as the password of `Basic`. */
function isKnown({ headers }: Arrived, key: string): boolean {
  const [scheme = "", value = ""] = String(headers["authorization"] ?? "").split(" ");
  if (scheme !== "Basic") return value === key;
  return Buffer.from(value, "base64").toString("utf8").split(":")[1] === key;
}

interface Held {
  readonly repositories: readonly Repository[];
  readonly origin: string;
  note(record: string): void;
}

function answer(arrived: Arrived, { repositories, origin, note }: Held): Answer {
  const { pathname, searchParams } = new URL(arrived.target, origin);
  const segments = pathname.slice(1).split("/").map(decodeURIComponent);
  const [family = "", first = "", second = ""] = segments;
  const depth = family === "repositories" ? 2 : 3;
  if (family !== "repositories" && family !== "repos") {
    note(`${arrived.method === "GET" ? "read" : "changed"} door /${segments.join("/")}`);
    return { status: 200, body: family === "graphql" ? { data: { viewer: { login: "svc" } } } : {} };
  }
  const named = `${first}/${second}`.toLowerCase();
  const repo = repositories.find((one) =>
    depth === 2 ? String(one.id) === first : `${one.owner}/${one.name}`.toLowerCase() === named,
  );
  const renamed = depth === 3 ? repositories.find(({ before }) => before.includes(named)) : undefined;
  const rest = segments.slice(depth).join("/");
  if (repo === undefined && renamed !== undefined) {
    const location = `${origin}/repositories/${renamed.id}${rest === "" ? "" : `/${rest}`}`;
    return { status: 301, body: { message: "Moved Permanently", url: location }, headers: { location } };
  }
  if (repo === undefined) return NOT_FOUND;
  return answerIn({
    ...{ method: overridden(arrived), repo, rest, query: searchParams, body: bodyOf(arrived), api: origin },
    accept: String(arrived.headers["accept"] ?? ""),
    note: (how, record) => note(`${how} ${record}`),
  });
}

/** Some servers believe these headers, so this one does. */
const overridden = ({ method, headers }: Arrived): string => String(headers["x-http-method-override"] ?? method);

function bodyOf({ body }: Arrived): Json | undefined {
  if (body === "") return undefined;
  // a body of a test's own making
  const parsed = JSON.parse(body) as Json;
  return isJsonObject(parsed) ? parsed : undefined;
}

async function read(request: IncomingMessage): Promise<Arrived> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > MOST_BYTES) throw new Error("a larger body than a test may send");
    parts.push(bytes);
  }
  const { method = "", url: target = "", headers } = request;
  return { method, target, headers, body: Buffer.concat(parts).toString("utf8") };
}

function send(response: ServerResponse, { status, body, text, headers }: Answer): void {
  const type = text === undefined ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
  response.writeHead(status, {
    ...{ "content-type": type, "x-ratelimit-remaining": "4999", etag: 'W/"a"', ...headers },
  });
  response.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
}
