import type { KeyObject } from "node:crypto";
import {
  isJsonObject,
  type Json,
  JSON_LIMITS,
  type JsonObject,
  ok,
  readJson,
  readPublicJwk,
  type Refusal,
  type RefusalCode,
  REFUSALS,
  refuse,
  type Result,
  err,
} from "@remit/core";
import { importPublic } from "../crypto.ts";
import { isCount } from "../liveness/revocations.ts";
import type { Answer } from "./https.ts";
import { ChannelError, type FeedLine, type ResolveRequest, type TokenKeys, type Welcome } from "./words.ts";

const malformed = (what: string): ChannelError =>
  new ChannelError("malformed", `the broker's ${what} is not as it must be`);

/** Longest line of the feed and longest ordinary answer, in bytes. */
export const MAX_LINE = 1024 * 1024;
const LIMITS = { ...JSON_LIMITS, bytes: MAX_LINE, string: MAX_LINE };

/** The object of a good answer with exactly these members; `?` marks those that may be missing. */
export function readMembers(text: string, members: readonly string[], what: string): JsonObject {
  const json = readJson(text, LIMITS);
  if (!json.ok || !isJsonObject(json.value)) throw malformed(what);
  const object = json.value;
  const known = members.map((member) => member.replace("?", ""));
  const missing = members.some((member) => !member.endsWith("?") && !(member in object));
  if (missing || Object.keys(object).some((name) => !known.includes(name))) throw malformed(what);
  return object;
}

/** The good answer's text; anything else is an error that carries the status. */
export function goodText(answer: Answer, what: string): string {
  if (answer.status === 200) return answer.text;
  throw new ChannelError("status", `the broker answered ${answer.status} to ${what}`, {
    status: answer.status,
  });
}

/** The refusal in an answer of the points listener, if it is one of ours. */
export function refusalIn(answer: Answer): Refusal | undefined {
  const json = readJson(answer.text, LIMITS);
  if (answer.status < 400 || !json.ok || !isJsonObject(json.value)) return undefined;
  const { error: code } = json.value;
  const known = Object.keys(REFUSALS).find((name) => name === code);
  // the name was found among the keys of the table of refusals
  return known === undefined ? undefined : refuse(known as RefusalCode, "the broker refused");
}

const KID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_KEYS = 32;

/** Reads a JWKS of token keys: P-256, public, each with its own kid; every key is imported once, here. */
export function readTokenKeys(json: Json | undefined): TokenKeys | undefined {
  const keys = isJsonObject(json) ? json["keys"] : undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return undefined;
  const read = new Map<string, KeyObject>();
  for (const item of keys as readonly Json[]) {
    const kid = isJsonObject(item) ? item["kid"] : undefined;
    const jwk = readPublicJwk(item);
    if (jwk?.kty !== "EC" || typeof kid !== "string" || !KID.test(kid) || read.has(kid)) return undefined;
    if (isJsonObject(item) && (item["alg"] ?? "ES256") !== "ES256") return undefined;
    read.set(kid, importPublic(jwk));
  }
  return read;
}

/** Reads the answer to hello. */
export function readWelcome(text: string): Welcome {
  const members = ["point", "issuer", "now", "jwks", "epoch", "n", "bounds"];
  const { point, issuer, jwks, epoch, n, bounds } = readMembers(text, members, "answer to hello");
  const keys = readTokenKeys(jwks);
  if (typeof point !== "string" || typeof issuer !== "string" || keys === undefined) throw malformed("answer to hello");
  if (!isCount(epoch) || !isCount(n) || !isJsonObject(bounds)) throw malformed("answer to hello");
  const { read_ms, write_ms, reveal_ms } = bounds;
  if (!isBound(read_ms) || !isBound(write_ms) || !isBound(reveal_ms)) throw malformed("bounds");
  return {
    point,
    issuer,
    keys,
    position: { epoch, n },
    bounds: { readMs: read_ms, writeMs: write_ms, revealMs: reveal_ms },
  };
}

const isBound = (value: Json | undefined): value is number => isCount(value) && value >= 250 && value <= 60_000;

/** Reads one line of the feed; a line of an unknown kind is an error, never skipped. */
export function readFeedLine(text: string): FeedLine {
  const line = readMembers(text, ["batch?", "resolve?", "ping?"], "line of the feed");
  if (Object.keys(line).length !== 1) throw malformed("line of the feed");
  const { batch, resolve } = line;
  if (typeof batch === "string") return { kind: "batch", compact: batch };
  if (resolve !== undefined) return { kind: "resolve", request: readResolve(resolve) };
  if (isCount(line["ping"])) return { kind: "ping" };
  throw malformed("line of the feed");
}

const RESOLVE = ["connection", "connector", "type", "alias", "identifier", "show", "nonce"];

function readResolve(json: Json): ResolveRequest {
  if (!isJsonObject(json) || Object.keys(json).some((name) => !RESOLVE.includes(name))) throw malformed("lookup");
  const { connection, connector, type, alias, identifier, show, nonce } = json;
  if ([connection, connector, type, nonce].some((value) => typeof value !== "string")) throw malformed("lookup");
  if (!Array.isArray(show) || !show.every((field: unknown) => typeof field === "string")) throw malformed("lookup");
  const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
  const one =
    typeof alias === "string" && identifier === undefined
      ? ({ by: "alias", alias } as const)
      : typeof identifier === "string" && alias === undefined
        ? ({ by: "identifier", identifier } as const)
        : undefined;
  if (one === undefined) throw malformed("lookup");
  return {
    ...{ connection: text(connection), connector: text(connector) },
    ...{ type: text(type), nonce: text(nonce), show, named: one },
  };
}

/** Reads where the broker's feed is, from the answer to a request for another epoch. */
export function readEpoch(text: string): FeedLine {
  const { epoch, n } = readMembers(text, ["epoch", "n"], "epoch");
  if (!isCount(epoch) || !isCount(n)) throw malformed("epoch");
  return { kind: "epoch", epoch, n };
}

/** Reads the answer to a reservation. */
export function readReservation(
  answer: Answer,
): Result<{ readonly reservation: string; readonly granted: number }, Refusal> {
  const refusal = refusalIn(answer);
  if (refusal !== undefined) return err(refusal);
  const { reservation, granted } = readMembers(
    goodText(answer, "a reservation"),
    ["reservation", "granted"],
    "reservation",
  );
  if (typeof reservation !== "string" || !isCount(granted)) throw malformed("reservation");
  return ok({ reservation, granted });
}

/** Reads how much of this point's log the broker holds. */
export function readShipped(answer: Answer): Result<{ readonly size: number }, { readonly size: number }> {
  const text = answer.status === 409 ? answer.text : goodText(answer, "shipped records");
  const { size } = readMembers(text, ["size"], "answer to shipped records");
  if (!isCount(size)) throw malformed("answer to shipped records");
  return answer.status === 409 ? err({ size }) : ok({ size });
}
