import { gzipSync } from "node:zlib";
import type { ServerResponse } from "node:http";

/** Ways in which an upstream misbehaves, for drills. */
export const HOSTILITIES = [
  "redirect",
  "reflect",
  "reflect-base64",
  "reflect-reversed",
  "extra-fields",
  "wrong-id",
  "error-html",
  "huge",
  "drop",
  "gzip-bomb",
  "duplicate-keys",
  "set-cookie",
] as const;

export type Hostility = (typeof HOSTILITIES)[number];

/** Answers in a hostile way. `secret` is the credential that the request carried; `elsewhere` a place that it must never reach. */
export function misbehave(kind: Hostility, response: ServerResponse, secret: string, elsewhere: string): void {
  const json = { "content-type": "application/json" };
  const issue = { id: "10442", key: "PROJ-42", fields: { summary: "Login answers 500 on Safari" } };
  switch (kind) {
    case "redirect":
      return void response.writeHead(302, { location: elsewhere }).end();
    case "reflect":
      return void response.writeHead(200, json).end(JSON.stringify({ ...issue, fields: { summary: secret } }));
    case "reflect-base64":
      return void response.writeHead(200, json).end(
        JSON.stringify({
          ...issue,
          fields: { summary: Buffer.from(`xx${secret}yy`).toString("base64") },
        }),
      );
    case "reflect-reversed":
      return void response.writeHead(500, json).end(JSON.stringify({ error: [...secret].reverse().join("") }));
    case "extra-fields":
      return void response.writeHead(200, json).end(
        JSON.stringify({
          ...issue,
          fields: { ...issue.fields, description: "not granted", __x: 1 },
          names: { a: "b" },
        }),
      );
    case "wrong-id":
      return void response.writeHead(200, json).end(JSON.stringify({ ...issue, id: "10443", key: "PROJ-43" }));
    case "error-html":
      return void response.writeHead(500, { "content-type": "text/html" }).end("<html>stack trace of the desk</html>");
    case "huge":
      return void response.writeHead(200, json).end(`{"id":"10442","fields":{"summary":"${"x".repeat(3_000_000)}"}}`);
    case "drop":
      return void response.destroy();
    case "gzip-bomb":
      return void response
        .writeHead(200, { ...json, "content-encoding": "gzip" })
        .end(gzipSync(Buffer.alloc(10_000_000, 32)));
    case "duplicate-keys":
      return void response.writeHead(200, json).end('{"id":"10442","id":"10443","key":"PROJ-42","fields":{}}');
    case "set-cookie":
      return void response.writeHead(200, { ...json, "set-cookie": "session=1; Path=/" }).end(JSON.stringify(issue));
  }
}
