import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { Json, JsonObject } from "@remit/core";

/** Ways in which an upstream misbehaves. */
export const HOSTILITIES = [
  "redirect",
  "reflect",
  "reflect-base64",
  "reflect-reversed",
  "extra-fields",
  "wrong-id",
  "wrong-type",
  "error-html",
  "huge",
  "drop",
  "truncated",
  "gzip-bomb",
  "duplicate-keys",
  "set-cookie",
  "smuggled-headers",
  "smuggled-answer",
] as const;

export type Hostility = (typeof HOSTILITIES)[number];

/** What misbehaving is made of. */
export interface HostileMeans {
  /** The credential that the request carried. */
  readonly secret: string;
  /** A place that the credential must never reach. */
  readonly elsewhere: string;
  /** A good answer that carries this text where the caller may read it. */
  answer(text: string): JsonObject;
  /** A good answer about another record. */
  readonly other: JsonObject;
}

const JSON_TYPE = { "content-type": "application/json" };
const HUGE = 3_000_000;
const BOMB = 10_000_000;

/** Answers in a hostile way. */
export function misbehave(kind: Hostility, response: ServerResponse, means: HostileMeans): void {
  const { secret, elsewhere, answer, other } = means;
  const good = JSON.stringify(answer("as it should be"));
  const send = (body: string, headers: Readonly<Record<string, string>> = {}, status = 200): void =>
    void response.writeHead(status, { ...JSON_TYPE, ...headers }).end(body);
  switch (kind) {
    case "redirect":
      return send("", { location: elsewhere }, 302);
    case "reflect":
      return send(JSON.stringify(answer(secret)));
    case "reflect-base64":
      return send(JSON.stringify(answer(Buffer.from(`xx${secret}yy`).toString("base64"))));
    case "reflect-reversed":
      return send(JSON.stringify({ error: [...secret].reverse().join("") }), {}, 500);
    case "extra-fields":
      return send(JSON.stringify(widened(answer("as it should be"))));
    case "wrong-id":
      return send(JSON.stringify(other));
    case "wrong-type":
      return send(good, { "content-type": "text/plain" });
    case "error-html":
      return send("<html>stack trace of the desk</html>", { "content-type": "text/html" }, 500);
    case "huge":
      return send(JSON.stringify(answer("x".repeat(HUGE))));
    case "drop":
      return void response.destroy();
    case "gzip-bomb":
      return void response
        .writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" })
        .end(gzipSync(Buffer.alloc(BOMB, 32)));
    case "duplicate-keys":
      return send(good.replace("{", `{${firstMember(other)},`));
    case "set-cookie":
      return send(good, { "set-cookie": "session=1; Path=/" });
    case "truncated":
    case "smuggled-headers":
    case "smuggled-answer":
      return sendRaw(response, RAW[kind](good, JSON.stringify(other)));
  }
}

const head = (...lines: readonly string[]): string =>
  `${["HTTP/1.1 200 OK", "content-type: application/json", ...lines].join("\r\n")}\r\n\r\n`;
const length = (body: string): string => `content-length: ${Buffer.byteLength(body)}`;

/** Answers that no well-behaved server can be made to give; the connection is closed behind those that are cut off. */
const RAW: Readonly<
  Record<
    "truncated" | "smuggled-headers" | "smuggled-answer",
    (good: string, other: string) => { readonly bytes: string; readonly close: boolean }
  >
> = {
  truncated: (good) => ({ bytes: head(length(good)) + good.slice(0, -2), close: true }),
  // two framings at once: who believes the one reads another answer than who believes the other
  "smuggled-headers": (good) => ({ bytes: head(length(good), "transfer-encoding: chunked") + good, close: true }),
  // an answer that nobody asked for, waiting for the next request on this connection
  "smuggled-answer": (good, other) => ({
    bytes: head(length(good)) + good + head(length(other)) + other,
    close: false,
  }),
};

function sendRaw(response: ServerResponse, raw: { readonly bytes: string; readonly close: boolean }): void {
  const { socket } = response;
  // whoever asked may have gone away meanwhile
  if (raw.close) socket?.end(raw.bytes);
  else socket?.write(raw.bytes);
}

/** The same with members at every level that nobody asked for. */
function widened(value: Json): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, widened(member)]);
  return { ...Object.fromEntries(members), description: "not granted", __x: 1 };
}

function firstMember(value: JsonObject): string {
  const [name = "id", member = ""] = Object.entries(value)[0] ?? [];
  return `${JSON.stringify(name)}:${JSON.stringify(member)}`;
}
