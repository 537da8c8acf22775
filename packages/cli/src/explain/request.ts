import { readFileSync } from "node:fs";
import type { RawRequest } from "@remit/core";
import { CommandError } from "../exit.ts";

export interface RequestFlags {
  readonly request: string | undefined;
  readonly header: readonly string[];
  readonly data: string | undefined;
}

/** A request in the words of curl: `-X`, `-H`, `-d`. A body is JSON where no header says otherwise. */
export function readCurl(url: string, flags: RequestFlags, resource: string): RawRequest {
  const body = flags.data === undefined ? undefined : bytesOf(flags.data);
  const headers = flags.header.flatMap((line) => {
    const [, name, value] = /^([^:]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new CommandError("usage", "a header is written as `name: value`", { fix: "write -H 'Accept: …'" });
    return isOurs(name) ? [] : [name, value];
  });
  const typed = headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === "content-type");
  return {
    method: flags.request ?? (body === undefined ? "GET" : "POST"),
    target: targetOf(url, resource),
    rawHeaders: body === undefined || typed ? headers : [...headers, "Content-Type", "application/json"],
    body,
  };
}

/** What says who calls is not what is judged here. */
const isOurs = (name: string): boolean => ["authorization", "dpop", "host"].includes(name.toLowerCase());

/** The raw path and query below the resource; nothing of it is decoded or joined. */
export function targetOf(url: string, resource: string): string {
  const [, path = url] = /^https?:\/\/[^/?#]+(.*)$/.exec(url) ?? [];
  const prefix = `/r/${resource}`;
  const target = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  return target === "" ? "/" : target;
}

/** `@file` is the bytes of a file. */
function bytesOf(data: string): Uint8Array {
  if (!data.startsWith("@")) return Buffer.from(data, "utf8");
  try {
    return readFileSync(data.slice(1));
  } catch (error) {
    throw new CommandError("error", `\`${data.slice(1)}\` cannot be read`, {
      cause: error,
      fix: "name a file that is there",
    });
  }
}
