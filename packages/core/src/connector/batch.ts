import type { Json } from "../json/read.ts";
import { entries, list, members, mistake, text, whole } from "./strict.ts";

/**
 * A request that holds several others. It is never sent: each of them is judged and sent as the call that it is, or
 * none is.
 */
export interface BatchSpec {
  /** What callers may write: POST to one of these paths. */
  readonly accept: readonly string[];
  /** Bytes of the body. */
  readonly max: number;
  /** Requests in one batch. */
  readonly most: number;
  /** The member that holds the requests. */
  readonly list: string;
  /** The members of a request. */
  readonly part: { readonly method: string; readonly target: string; readonly body: string };
  /** What a target is relative to. */
  readonly below: string;
  /** Other members of the batch, accepted only with these values. */
  readonly constants: Readonly<Record<string, Json>>;
  /** The members of the answer, and of what it holds for each request. */
  readonly answer: {
    readonly failed: string;
    readonly list: string;
    readonly status: string;
    readonly body: string;
  };
}

/** More requests than this are not one piece of work. */
const MOST = 25;

export function readBatch(json: Json, path: string): BatchSpec {
  const loose = members(json, path, ["accept", "max", "most", "list", "part", "below", "constants", "answer"]);
  const part = members(loose["part"], `${path}.part`, ["method", "target", "body"]);
  const answer = members(loose["answer"], `${path}.answer`, ["failed", "list", "status", "body"]);
  const most = whole(loose["most"], `${path}.most`);
  if (most === 0 || most > MOST) mistake(`${path}.most`, `is from 1 to ${MOST}`);
  const constants = entries(loose["constants"], `${path}.constants`, scalar);
  if (new Set(Object.values(part)).size !== 3) mistake(`${path}.part`, "has three members of different names");
  const name = (from: typeof part, at: string, member: string): string => text(from[member], `${at}.${member}`);
  return {
    accept: list(loose["accept"], `${path}.accept`, literalPath),
    max: whole(loose["max"], `${path}.max`),
    most,
    list: name(loose, path, "list"),
    part: {
      method: name(part, `${path}.part`, "method"),
      target: name(part, `${path}.part`, "target"),
      body: name(part, `${path}.part`, "body"),
    },
    below: `${literalPath(loose["below"], `${path}.below`)}/`,
    constants,
    answer: {
      failed: name(answer, `${path}.answer`, "failed"),
      list: name(answer, `${path}.answer`, "list"),
      status: name(answer, `${path}.answer`, "status"),
      body: name(answer, `${path}.answer`, "body"),
    },
  };
}

const scalar = (value: Json, path: string): Json =>
  typeof value === "object" ? mistake(path, "is a text, a number or a truth value") : value;

const literalPath = (json: Json | undefined, path: string): string => {
  const written = text(json, path);
  return /^(?:\/[A-Za-z0-9._-]+)+$/.test(written) ? written : mistake(path, "is a path without parameters");
};
